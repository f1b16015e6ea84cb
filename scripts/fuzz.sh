#!/bin/sh
# fuzz.sh [seconds-per-target] [target...] - run the fuzz targets, as many at once as there
# are processors.
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
mkdir -p $build/found $build/corpus
export UBSAN_OPTIONS=print_stacktrace=1

# One target, in a shell of its own: how it went is a file, so that lines stay whole.
cat >$build/one.sh <<'EOF'
build=$1 seconds=$2 t=$3
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
	echo "fuzz $t: FAILED, see $log and $build/found/"
fi >"$log.said"
EOF
for t in $targets; do rm -f "$build/fuzz_$t.log.said"; done
# shellcheck disable=SC2086 # a list of words
printf '%s\n' $targets | xargs -P "$(nproc)" -n 1 sh $build/one.sh "$build" "$seconds"
failed=0
for t in $targets; do
	said=$(cat "$build/fuzz_$t.log.said" 2>/dev/null) || said="fuzz $t: FAILED, it did not run"
	echo "$said"
	case $said in
	*": ok, "*) ;;
	*)
		failed=1
		tail -n 40 "$build/fuzz_$t.log"
		;;
	esac
done
exit $failed
