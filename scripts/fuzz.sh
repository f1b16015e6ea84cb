#!/bin/sh
# fuzz.sh [seconds-per-target] [target...] - run the fuzz targets one after another.
#
# Builds in build-fuzz with clang. New inputs stay in build-fuzz/corpus/<target>, the seeds in
# tests/fuzz/corpus are only read. One line per target; exit status 1 when one of them found
# something, and its input is then in build-fuzz/found/.
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
case $seconds in
'' | *[!0-9]* | 0)
	echo "usage: scripts/fuzz.sh [seconds-per-target] [target...]" >&2
	exit 100
	;;
esac
build=build-fuzz
[ -f $build/build.ninja ] || CC=clang meson setup $build --werror -Dfuzz=true >/dev/null
targets=${*:-$(cd tests/fuzz && ls fuzz_*.c | sed "s/^fuzz_//;s/\.c\$//")}
# shellcheck disable=SC2086 # a list of words
ninja -C $build $(printf 'tests/fuzz/fuzz_%s ' $targets) >$build/ninja.log || {
	cat $build/ninja.log
	exit 1
}
mkdir -p $build/found
export UBSAN_OPTIONS=print_stacktrace=1
failed=0
for t in $targets; do
	new=$build/corpus/$t
	log=$build/fuzz_$t.log
	words=
	[ -f "tests/fuzz/$t.dict" ] && words=-dict=tests/fuzz/$t.dict
	mkdir -p "$new"
	if $build/tests/fuzz/fuzz_"$t" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix=$build/found/"$t"- ${words:+"$words"} \
		"$new" tests/fuzz/corpus/"$t" >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "fuzz $t: ok, $runs inputs in ${seconds}s"
	else
		failed=1
		echo "fuzz $t: FAILED, see $log and $build/found/"
		tail -n 40 "$log"
	fi
done
exit $failed
