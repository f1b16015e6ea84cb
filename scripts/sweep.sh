#!/bin/sh
# sweep.sh [SCENARIO...] - cut every scenario of the store at every place, and the power at every moment.
#
# First an operation of the store fails (EIO; ENOSPC from there on), or the process is killed there: each
# one after the other. Then what a scenario does to the disk is recorded, and played up to each moment: the
# disks that a power cut may leave there are made. After each the store is opened, scrubbed and compared
# with what had been acknowledged. It takes many minutes; scripts/test.sh runs a short form.
# SCENARIO: some of those in tests/sweeps/scenarios.py, by name (push, pull, prune, ...).
# LARDER_SWEEP: so many places and moments of each, in place of all.
# LARDER_BUILD names a build with -Dfaults=true (default: build-test, made if need be).
set -eu

cd "$(dirname "$0")/.."
python=/usr/bin/python3
[ -x $python ] || python=python3
export LARDER_BUILD="${LARDER_BUILD:-build-test}"
[ -f "$LARDER_BUILD/build.ninja" ] || meson setup "$LARDER_BUILD" --werror -Dfaults=true --buildtype=release
ninja -C "$LARDER_BUILD"
export LARDER_SWEEP="${LARDER_SWEEP:-all}"

wanted=
for name in "$@"; do
	wanted="${wanted:+$wanted or }$name]"
done
workers=
if $python -c 'import xdist' 2>/dev/null; then workers="-n $(nproc)"; fi
# shellcheck disable=SC2086 # options
exec $python -B -m pytest -q -rP --show-capture=stdout --tb=short -p no:cacheprovider $workers ${wanted:+-k "$wanted"} \
	tests/scenarios/test_sweeps.py tests/scenarios/test_power_cut.py
