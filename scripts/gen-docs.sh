#!/bin/sh
# gen-docs.sh [--check] [build-directory] - write docs/settings.md and docs/commands.md from the
# program's own tables and docs/faults.md from that of the tests, or see that they are as they would
# be written.
set -eu

cd "$(dirname "$0")/.."
check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
larder=${1:-build}/larder
failed=0

python=/usr/bin/python3
[ -x $python ] || python=python3

# page FILE COMMAND...: what that prints.
page() {
	page=$1
	shift
	if [ -z "$check" ]; then
		"$@" >"$page.new"
		mv "$page.new" "$page"
	elif ! "$@" | diff -u "$page" -; then
		echo "$page is not current: run scripts/gen-docs.sh" >&2
		failed=1
	fi
}
page docs/settings.md "$larder" help settings --markdown
page docs/commands.md "$larder" help --markdown
page docs/faults.md $python -B tests/scenarios/fault_table.py
exit $failed
