#!/bin/sh
# test.sh [--quick] [--only PART]... - test everything that can be tested here.
#
# Parts, in order:
#   docs            docs/settings.md, commands.md and faults.md are what the tables say
#   lint            scripts/lint.sh
#   unit            tests/unit, gcc, -Werror, with fault points
#   hub             tests/hub: the scripted registry that the scenarios use
#   scenarios       tests/scenarios against that build
#   unit-asan, scenarios-asan    the same, clang, AddressSanitizer and UBSan; without those
#                   that mostly sleep ("waits") or are long for other reasons ("plain")
#   unit-tsan, scenarios-tsan    those that are concurrent, ThreadSanitizer
#   e2e             tests/e2e: real clients and engines
#   conformance     the public OCI conformance suite, where Go is installed
#   fuzz            each fuzz target for 3 seconds
# --quick: docs, lint, unit, hub and scenarios. The last line is "N passed, N failed, N skipped",
# over all; above it stands why anything was skipped. Exit status 1 when anything failed or
# nothing ran.
set -u

cd "$(dirname "$0")/.." || exit 1
all="docs lint unit hub scenarios unit-asan scenarios-asan unit-tsan scenarios-tsan e2e conformance fuzz"
parts=
results=results # one file a part, for whoever wants to look
passed=0 failed=0 skipped=0

usage() {
	echo "usage: scripts/test.sh [--quick] [--only PART]..." >&2
	echo "parts: $all" >&2
	exit 100
}
while [ $# -gt 0 ]; do
	case $1 in
	--quick) parts="docs lint unit hub scenarios" ;;
	--only)
		[ $# -gt 1 ] || usage
		case " $all " in *" $2 "*) ;; *) usage ;; esac
		parts="$parts $2"
		shift
		;;
	*) usage ;;
	esac
	shift
done
parts=${parts:-$all}
rm -rf $results
mkdir -p $results

# The Python of the distribution has the packages; another one in PATH may not.
python=/usr/bin/python3
[ -x $python ] || python=python3

# add PART PASSED FAILED SKIPPED
add() {
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	echo "$1: $2 passed, $3 failed, $4 skipped"
}

skip() {
	echo "$1: skipped: $2"
	add "$1" 0 0 1
}

# add_results PART meson|pytest FILE
add_results() {
	counts=$($python scripts/count.py "$2" "$3") || counts="0 1 0"
	echo "$counts" | sed 1d
	# shellcheck disable=SC2046 # three words
	add "$1" $(echo "$counts" | head -n 1)
}

# build DIRECTORY FLAGS...: configure once, compile; the log is shown when that fails.
build() {
	dir=$1
	shift
	echo "building $dir"
	{
		{ [ -f "$dir/build.ninja" ] || meson setup "$dir" --werror -Dfaults=true "$@"; } &&
			ninja -j2 -C "$dir"
	} >"$results/$dir.log" 2>&1 && return 0
	grep -A5 -E 'error|FAILED|ERROR' "$results/$dir.log" | tail -n 60
	return 1
}

# What each variant was found to be: "" (not tried), ok, or bad.
gcc=
asan=
tsan=
need_gcc() {
	[ -n "$gcc" ] || if build build-test --buildtype=release; then gcc=ok; else gcc=bad; fi
	[ $gcc = ok ]
}
need_asan() {
	[ -n "$asan" ] || if CC=clang build build-test-asan --buildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false; then asan=ok; else asan=bad; fi
	[ $asan = ok ]
}
need_tsan() {
	[ -n "$tsan" ] || if CC=clang build build-test-tsan --buildtype=debugoptimized \
		-Db_sanitize=thread -Db_lundef=false -Dconcurrent=true; then tsan=ok; else tsan=bad; fi
	[ $tsan = ok ]
}

# Reports of sanitizers in a process that a test started and forgot to look at count as
# failures, too: each writes a file here.
reports=$PWD/$results/reports
mkdir -p "$reports"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export LSAN_OPTIONS="report_objects=1"
[ ! -f tests/tsan.supp ] || suppressions=":suppressions=$PWD/tests/tsan.supp"

sanitized() {
	ASAN_OPTIONS="log_path=$reports/asan:detect_stack_use_after_return=1" \
		TSAN_OPTIONS="log_path=$reports/tsan:halt_on_error=1:second_deadlock_stack=1${suppressions:-}" \
		"$@"
}

add_reports() {
	for report in "$reports"/*; do
		[ -f "$report" ] || continue
		echo "--- $(basename "$report")"
		head -n 60 "$report"
		add "$1, sanitizer report" 0 1 0
		mv "$report" "$results/$1.$(basename "$report")"
	done
}

# ThreadSanitizer of clang 14 cannot live with much address space randomization.
still=
settle() {
	build-test-tsan/larder version >/dev/null 2>&1 || still="setarch -R"
}

unit() {
	part=$1 dir=$2
	rm -f "$dir/meson-logs/testlog.json"
	sanitized $still meson test -C "$dir" --print-errorlogs >"$results/$part.log" 2>&1 ||
		sed -n '/^=* *[0-9]*\/[0-9]* /,$p' "$results/$part.log" | tail -n 200
	add_results "$part" meson "$dir/meson-logs/testlog.json"
	add_reports "$part"
}

# at_once WORKERS DIRECTORY: tests mostly wait, and several at once take a fraction of the time.
# Engines share what is dear to make: tests/e2e/conftest.py says which tests stay together.
at_once() {
	if [ "$1" -gt 1 ] && $python -c 'import xdist' 2>/dev/null; then
		case $2 in
		*/e2e) echo "-n $1 --dist loadgroup" ;;
		*) echo "-n $1" ;;
		esac
	fi
}

# run_pytest PART DIRECTORY BUILD SECONDS WORKERS [ARGUMENTS...]
run_pytest() {
	part=$1 tests=$2 dir=$3 seconds=$4 workers=$5
	shift 5
	if [ -z "$(find "$tests" -name 'test_*.py' 2>/dev/null)" ]; then
		skip "$part" "there is nothing in $tests"
		return
	fi
	case $dir in
	*san) export LARDER_SANITIZED=1 ;;
	*) unset LARDER_SANITIZED ;;
	esac
	LARDER_BUILD=$dir sanitized $still timeout -k 30 "$seconds" $python -B -m pytest -q \
		-p no:cacheprovider $(at_once "$workers" "$tests") --durations=5 --junitxml="$results/$part.xml" "$@" "$tests" \
		>"$results/$part.log" 2>&1
	status=$?
	if [ $status -eq 5 ]; then
		skip "$part" "no test in $tests is for it"
		return
	fi
	[ $status -eq 0 ] || tail -n 150 "$results/$part.log"
	[ $status -ne 124 ] || echo "$part: stopped after $seconds s"
	add_results "$part" pytest "$results/$part.xml"
	add_reports "$part"
}

have_clang() {
	command -v clang >/dev/null || {
		skip "$1" "clang is not installed"
		return 1
	}
}

run_part() {
	case $1 in
	docs)
		need_gcc || { add docs 0 1 0; return; }
		if ./scripts/gen-docs.sh --check build-test; then add docs 1 0 0; else add docs 0 1 0; fi
		;;
	lint)
		need_gcc || echo "lint: without objects"
		./scripts/lint.sh build-test >$results/lint.log 2>&1
		sed '$d' $results/lint.log
		# shellcheck disable=SC2046 # three words
		set -- $(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' $results/lint.log)
		if [ $# -eq 3 ]; then add lint "$@"; else add lint 0 1 0; fi
		;;
	unit) if need_gcc; then unit unit build-test; else add unit 0 1 0; fi ;;
	hub) run_pytest hub tests/hub build-test 300 4 ;;
	scenarios)
		if need_gcc; then run_pytest scenarios tests/scenarios build-test 1500 6; else add scenarios 0 1 0; fi
		;;
	e2e) if need_gcc; then run_pytest e2e tests/e2e build-test 1500 2; else add e2e 0 1 0; fi ;;
	unit-asan)
		have_clang "$1" || return
		if need_asan; then unit unit-asan build-test-asan; else add unit-asan 0 1 0; fi
		;;
	scenarios-asan)
		have_clang "$1" || return
		if need_asan; then run_pytest "$1" tests/scenarios build-test-asan 1500 4 -m "not waits and not plain"; else add "$1" 0 1 0; fi
		;;
	unit-tsan)
		have_clang "$1" || return
		if need_tsan; then settle; unit unit-tsan build-test-tsan; else add unit-tsan 0 1 0; fi
		still=
		;;
	scenarios-tsan)
		have_clang "$1" || return
		if need_tsan; then settle; run_pytest "$1" tests/scenarios build-test-tsan 1500 2 -m concurrent
		else add "$1" 0 1 0; fi
		still=
		;;
	conformance)
		need_gcc || { add conformance 0 1 0; return; }
		LARDER_BUILD=build-test timeout -k 30 900 $python -B scripts/conformance.py >$results/conformance.log 2>&1
		grep -E 'FAIL|Error|Skip|skipped' $results/conformance.log | sed '$d'
		# shellcheck disable=SC2046 # three words
		set -- $(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' $results/conformance.log)
		if [ $# -eq 3 ]; then add conformance "$@"; else add conformance 0 1 0; fi
		;;
	fuzz)
		have_clang "$1" || return
		[ -x scripts/fuzz.sh ] || { skip fuzz "there is no scripts/fuzz.sh"; return; }
		./scripts/fuzz.sh 3 >$results/fuzz.log 2>&1
		status=$?
		cat $results/fuzz.log
		good=$(grep -c '^fuzz .*: ok' $results/fuzz.log)
		bad=$(grep -c '^fuzz .*: FAILED' $results/fuzz.log)
		[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
		add fuzz "$good" "$bad" 0
		;;
	esac
}

# Without what tests need, their parts say so and are skipped; without a compiler, nothing goes.
./scripts/deps.sh build test || ./scripts/deps.sh build || failed=1
if [ $failed -eq 0 ]; then
	for part in $parts; do
		echo "== $part"
		began=$(date +%s)
		run_part "$part"
		echo "   $(($(date +%s) - began)) s"
	done
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $((passed + failed)) -gt 0 ]
