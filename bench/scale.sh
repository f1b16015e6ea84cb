#!/bin/sh
# What larder takes, and what its clients wait, on a store of a million blobs: see bench/README.md.
#   bench/scale.sh [--short] [--record] [--dir PLACE] [--only start,waits,hand,collect,scrub,evict]
# LARDER_BUILD names a release build; without it build-rel is made. Exit status 1: something was over its limit.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${LARDER_BUILD:-}" ]; then
	LARDER_BUILD=$top/build-rel
	[ -d "$LARDER_BUILD" ] || CC=${CC:-cc} meson setup "$LARDER_BUILD" "$top" >&2
	ninja -C "$LARDER_BUILD" larder >&2
fi
export LARDER_BUILD
exec /usr/bin/python3 -B "$top/bench/scale.py" "$@"
