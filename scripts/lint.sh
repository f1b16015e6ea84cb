#!/bin/sh
# lint.sh [build-directory] - format, banned functions, floors, names, lengths.
#
# The last line is "N passed, N failed, N skipped". build-directory (default: build) holds the
# objects whose exported names are looked at.
set -eu

cd "$(dirname "$0")/.."
python=/usr/bin/python3
[ -x $python ] || python=python3

format_passed=0 format_failed=0 format_skipped=0
if command -v clang-format >/dev/null; then
	if find src tests/unit tests/fuzz -name '*.[ch]' 2>/dev/null |
		xargs clang-format --dry-run -Werror; then
		echo "lint format: ok"
		format_passed=1
	else
		echo "lint format: FAILED; clang-format -i makes it right"
		format_failed=1
	fi
else
	echo "lint format: skipped: clang-format is not installed"
	format_skipped=1
fi

rest=$($python scripts/lint.py "${1:-build}") || true
echo "$rest" | sed '$d'
# shellcheck disable=SC2046 # three words
set -- $(echo "$rest" | sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
if [ $# -ne 3 ]; then
	echo "lint.py did not end as it should"
	set -- 0 1 0
fi
failed=$(($2 + format_failed))
echo "$(($1 + format_passed)) passed, $failed failed, $(($3 + format_skipped)) skipped"
[ $failed -eq 0 ]
