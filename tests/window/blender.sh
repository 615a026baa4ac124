#!/bin/sh
# The Blender inside MMTALKER_BLENDER_ROOT, for whatever wants one executable:
#   MMTALKER_BLENDER_ROOT=ROOT pytest --blender-executable tests/window/blender.sh tests/addon -- --factory-startup
exec "$(dirname "$0")/in_root.sh" blender "$@"
