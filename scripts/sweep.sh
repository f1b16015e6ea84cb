#!/bin/sh
# sweep.sh - cut a push at every operation of the store, one after the other.
#
# The process is killed there, or the disk says EIO or ENOSPC; then the store is opened again and
# compared with what was acknowledged. Some minutes; scripts/test.sh runs a short form of it.
# LARDER_BUILD names a build with -Dfaults=true (default: build-test, made if need be).
set -eu

cd "$(dirname "$0")/.."
python=/usr/bin/python3
[ -x $python ] || python=python3
export LARDER_BUILD="${LARDER_BUILD:-build-test}"
[ -f "$LARDER_BUILD/build.ninja" ] || meson setup "$LARDER_BUILD" --werror -Dfaults=true --buildtype=release
ninja -C "$LARDER_BUILD" larder
export LARDER_SWEEP=all
exec $python -B -m pytest -q -s -p no:cacheprovider tests/scenarios/test_push_faults.py
