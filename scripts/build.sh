#!/bin/sh
# build.sh - see that build/larder is there and as new as its sources. What the tools say is
# shown only when it went wrong. Used by the scripts beside it.
set -eu

cd "$(dirname "$0")/.."
build=build
what=$(basename "${LARDER_SCRIPT:-build}" .sh)

say() {
	echo "$what: $*" >&2
}

./scripts/deps.sh build

quietly() {
	mkdir -p $build
	if ! "$@" >$build/build.log 2>&1; then
		cat $build/build.log >&2
		say "failed: $*"
		exit 1
	fi
}
if [ ! -f $build/build.ninja ]; then
	say "configuring (once)"
	quietly meson setup $build --buildtype=release
fi
say "building"
quietly ninja -C $build larder
