#!/bin/sh
# Make a folder with Debian unstable's Blender in it, so that a window check needs no installed Blender.
#
#   make_root.sh ROOT
#
# Needs root, debootstrap, and about 2 GB. The mirror is the one that this machine's own apt uses.
set -eu

root=${1:?"usage: make_root.sh ROOT"}
packages="blender libgl1-mesa-dri libegl1 libgl1 libglx-mesa0 mesa-vulkan-drivers
    python3-numpy python3-requests python3-zstandard python3-pytest python3-cattr"

if [ -x "$root/usr/bin/blender" ]; then
    echo "$root already holds $(chroot "$root" blender --version | head -n 1)"
    exit 0
fi

mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
if [ -z "$mirror" ]; then
    echo "No Debian mirror among this machine's apt sources: run apt-get update first." >&2
    exit 1
fi

debootstrap --variant=minbase --include=ca-certificates sid "$root" "$mirror"

# Services must not start inside, and a mirror's snapshot may be older than its validity.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
echo 'Acquire::Check-Valid-Until "false";' > "$root/etc/apt/apt.conf.d/99valid"

# shellcheck disable=SC2086
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
chroot "$root" blender --version | head -n 1
