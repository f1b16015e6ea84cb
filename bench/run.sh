#!/bin/sh
# Compare larder with nginx and docker-registry on this machine: see bench/README.md.
#   bench/run.sh [--quick] [--rounds N] [--only warm,blobs,cold,client,crowd,push,prepull,memory,start]
# LARDER_BUILD names a release build; without it build-rel is made.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
for tool in wrk nginx docker-registry cc /usr/bin/python3; do
	command -v "$tool" >/dev/null || {
		echo "bench: $tool is missing: apt-get install wrk nginx docker-registry gcc python3" >&2
		exit 1
	}
done
if [ -z "${LARDER_BUILD:-}" ]; then
	LARDER_BUILD=$top/build-rel
	[ -d "$LARDER_BUILD" ] || CC=${CC:-cc} meson setup "$LARDER_BUILD" "$top" >&2
	ninja -C "$LARDER_BUILD" larder >&2
fi
export LARDER_BUILD
exec /usr/bin/python3 "$top/bench/run.py" "$@"
