#!/bin/sh
# soak.sh [MINUTES [SEED]] - everything at once against a larder, under AddressSanitizer and ThreadSanitizer.
#
# Clients pull, push, delete and leave, tags move, the upstream fails at random, collections and scrubs run,
# images are exported and imported beside, and the server is killed and started again. Half of the time
# (10 minutes) for each build, in rounds of a minute; a round prints its seed. tests/soak/soak.py says what
# must hold. LARDER_BUILD: only that build, whatever it is.
set -eu

cd "$(dirname "$0")/.."
minutes=${1:-10}
python=/usr/bin/python3
[ -x $python ] || python=python3

build() {
	[ -f "$1/build.ninja" ] || CC=clang meson setup "$@" -Dfaults=true --buildtype=debugoptimized -Db_lundef=false
	ninja -C "$1" larder
}

# ThreadSanitizer of clang 14 cannot live with much address space randomization.
soak() {
	still=
	"$1/larder" version >/dev/null 2>&1 || still="setarch -R"
	echo "== $1"
	LARDER_BUILD=$1 PYTHONPATH=tests UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1" \
		ASAN_OPTIONS="detect_stack_use_after_return=1" TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1" \
		$still $python -B -m soak.soak "$2" ${3:+"$3"}
}

if [ -n "${LARDER_BUILD:-}" ]; then
	soak "$LARDER_BUILD" $((minutes * 60)) "${2:-}"
	exit
fi
export LARDER_SANITIZED=1
build build-test-asan -Db_sanitize=address,undefined
build build-test-tsan -Db_sanitize=thread
soak build-test-asan $((minutes * 30)) "${2:-}"
soak build-test-tsan $((minutes * 30)) "${2:-}"
