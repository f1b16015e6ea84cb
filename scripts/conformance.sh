#!/bin/sh
# conformance.sh [--build DIRECTORY] [--results DIRECTORY] [--registry HOST:PORT]
#                - run the public OCI distribution conformance suite against larder.
#
# The suite is a Go program, built at the version below into a cache directory outside of
# the repository; larder is started for it on a port that the kernel chooses, over a store
# that is gone afterwards. Three runs: OCI_VERSION 1.1 and dev, with deletes enabled, and the
# read-only data through larder as a mirror. --build (default: build) has the larder to test;
# --results (default: results/conformance) gets what the suite leaves, with whole transcripts
# in report.html. --registry runs 1.1 and dev against another registry that is already up.
#
# It prints every test that did not pass, and a table of the APIs. The last line is "N passed,
# N failed, N skipped". Exit status 1 when anything failed, 2 when the suite cannot be had
# here (the last line says why).
set -eu

module=github.com/opencontainers/distribution-spec/conformance
version=v0.0.0-20260831232431-97274622c111 # of 2026-08-31; has no tags

cd "$(dirname "$0")/.."
python=/usr/bin/python3
[ -x $python ] || python=python3

command -v go >/dev/null || {
	echo "go is not installed"
	exit 2
}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/larder-conformance/$version
if [ ! -x "$cache/conformance" ]; then
	mkdir -p "$cache"
	# Into a directory of its own first, so that nobody runs half a program.
	made=$(mktemp -d "$cache/build.XXXXXX")
	if ! timeout 300 env GOBIN="$made" GOFLAGS= go install "$module@$version" \
		>"$made/log" 2>&1; then
		tail -n 3 "$made/log"
		rm -rf "$made"
		echo "go cannot get $module@$version"
		exit 2
	fi
	mv "$made/conformance" "$cache/conformance"
	rm -rf "$made"
fi
exec $python -B scripts/conformance.py "$cache/conformance" "$@"
