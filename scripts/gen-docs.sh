#!/bin/sh
# gen-docs.sh [--check] [build-directory] - write docs/settings.md from the program's own table,
# or see that it is as it would be written.
set -eu

cd "$(dirname "$0")/.."
check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
larder=${1:-build}/larder
page=docs/settings.md

if [ -n "$check" ]; then
	if $larder help settings --markdown | diff -u $page -; then
		exit 0
	fi
	echo "$page is not current: run scripts/gen-docs.sh" >&2
	exit 1
fi
$larder help settings --markdown >$page.new
mv $page.new $page
