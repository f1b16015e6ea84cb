#!/bin/sh
# deps.sh GROUP... - see that the Debian packages of these groups are there.
#
# Groups: build (to compile and run larder), test (to test it). What is there already is left
# alone, and nothing is asked for when nothing is missing. Installing needs root or sudo.
set -eu

# Each word is package, or package:program where another package may bring the same program.
# larder itself: compiler, build tool, libraries.
build="gcc libc6-dev meson ninja-build pkg-config libmicrohttpd-dev libcurl4-openssl-dev
	libssl-dev libjansson-dev libyaml-dev libarchive-dev libgnutls28-dev libcrypt-dev libsqlite3-dev
	ca-certificates"
# A second compiler with its sanitizers and fuzzer; the unit test library; the scenarios' language;
# a TLS tool for the scripted hub; the real clients and engines of the end-to-end tests, and a base
# image for them; and a reader for the examples.
test="clang libclang-rt-14-dev llvm clang-format libcmocka-dev
	python3 python3-pytest python3-pytest-xdist openssl:openssl curl:curl binutils procps iproute2
	docker.io:dockerd containerd:containerd runc:runc iptables:iptables
	podman:podman skopeo:skopeo buildah:buildah busybox-static:busybox
	debootstrap:debootstrap python3-yaml"

say() {
	echo "deps: $*" >&2
}

packages=
for group in "$@"; do
	case $group in
	build) packages="$packages $build" ;;
	test) packages="$packages $test" ;;
	*)
		say "unknown group \"$group\"; there are build and test"
		exit 100
		;;
	esac
done

# Programs of the system's administrator count too.
PATH=$PATH:/usr/sbin:/sbin

is_there() {
	case $1 in
	*:*) command -v "${1#*:}" >/dev/null && return 0 ;;
	esac
	[ "$(dpkg-query -W -f='${db:Status-Status}' "${1%%:*}" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	say "this is no Debian; going on, in the hope that these or their like are there:" \
		$packages
	exit 0
fi
missing=
for word in $packages; do
	is_there "$word" || missing="$missing ${word%%:*}"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		say "packages are missing, and installing them needs root. As root, run:"
		say "  apt-get install --no-install-recommends$missing"
		exit 1
	fi
	root=sudo
fi
say "installing$missing"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Another apt may be running (a fresh machine updates itself): for some minutes, wait.
apt() {
	tries=0
	until $root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -y \
		-o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" >"$log" 2>&1 </dev/null; do
		tries=$((tries + 1))
		if ! grep -q "Could not get lock\|Unable to lock" "$log" || [ $tries -ge 30 ]; then
			return 1
		fi
		[ $tries -gt 1 ] || say "another apt is at work; waiting for it"
		sleep 10
	done
}

# Package lists may be missing or old; then the first try fails, and the second has them.
# shellcheck disable=SC2086 # a list of words
if ! apt install --no-install-recommends $missing; then
	apt update && apt install --no-install-recommends $missing || {
		tail -n 30 "$log" >&2
		say "apt-get could not install$missing"
		exit 1
	}
fi
