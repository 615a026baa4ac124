#!/bin/sh
# Run a command inside the folder that make_root.sh made, in a mount namespace of its own: nothing stays mounted.
#
#   MMTALKER_BLENDER_ROOT=ROOT in_root.sh COMMAND ...
#
# /tmp and this repository are seen inside at the same place, and so is every folder of the colon-separated
# MMTALKER_BLENDER_BIND. Nobody can write to MMTALKER_BLENDER_FROZEN.
set -eu

: "${MMTALKER_BLENDER_ROOT:?a folder made by make_root.sh}"
repository=$(cd "$(dirname "$0")/../.." && pwd)
export MMTALKER_BLENDER_BIND="/tmp:$repository:${MMTALKER_BLENDER_BIND:-}"
export PATH="/usr/sbin:/usr/bin:/sbin:/bin"

# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -euc '
    root=$MMTALKER_BLENDER_ROOT
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    IFS=:
    for folder in $MMTALKER_BLENDER_BIND; do
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
    done
    if [ -n "${MMTALKER_BLENDER_FROZEN:-}" ]; then
        mount --bind "$root$MMTALKER_BLENDER_FROZEN" "$root$MMTALKER_BLENDER_FROZEN"
        mount -o remount,bind,ro "$root$MMTALKER_BLENDER_FROZEN"
    fi
    here=$1
    shift
    exec chroot "$root" sh -c "cd \"\$0\" && exec \"\$@\"" "$here" "$@"
' sh "$PWD" "$@"
