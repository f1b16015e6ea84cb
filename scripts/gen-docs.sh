#!/bin/sh
# gen-docs.sh [--check] [build-directory] - write docs/settings.md and docs/commands.md from the
# program's own tables, or see that they are as they would be written.
set -eu

cd "$(dirname "$0")/.."
check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
larder=${1:-build}/larder
failed=0

# page FILE WORDS...: what `larder help WORDS --markdown` says.
page() {
	page=$1
	shift
	if [ -z "$check" ]; then
		$larder help "$@" --markdown >"$page.new"
		mv "$page.new" "$page"
	elif ! $larder help "$@" --markdown | diff -u "$page" -; then
		echo "$page is not current: run scripts/gen-docs.sh" >&2
		failed=1
	fi
}
page docs/settings.md settings
page docs/commands.md
exit $failed
