#!/bin/sh
# replay.sh [--days N] [--seed N] [--record] - a CI fleet's month against a real larder.
#
# Thirty days of jobs, moved tags, trouble at Docker Hub, a used-up quota, restarts and losses, with
# the clock turned, in a few minutes; prints what larder spent of the pull quota beside what direct
# pulls and registry:2's rules would have, and fails when larder did what it must not. The tests have
# a short form. LARDER_BUILD names a build (default: build-rel, made if need be).
set -eu

cd "$(dirname "$0")/.."
python=/usr/bin/python3
[ -x $python ] || python=python3
export LARDER_BUILD="${LARDER_BUILD:-build-rel}"
case $LARDER_BUILD in
/*) ;;
*)
	[ -f "$LARDER_BUILD/build.ninja" ] || meson setup "$LARDER_BUILD" --buildtype=release >&2
	ninja -C "$LARDER_BUILD" larder >&2
	;;
esac
PYTHONPATH=tests exec $python -B -m replay "$@"
