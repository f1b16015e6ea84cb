#!/bin/sh
# serve.sh [flags of larder serve] - build larder, and serve as a mirror of Docker Hub and the
# other well-known registries on port 5000 of this machine.
#
# Images are kept in /var/lib/registry for root, else in ~/.local/share/larder; --root DIR and
# --addr HOST:PORT say otherwise, and so do the variables in docs/settings.md.
set -eu

cd "$(dirname "$0")/.."
build=build

case " $* " in
*" --help "* | *" -h "*)
	sed -n 's/^# \{0,1\}//; 2,6p' "$0"
	[ ! -x $build/larder ] || exec $build/larder serve --help
	exit 0
	;;
esac

LARDER_SCRIPT=$0 ./scripts/build.sh

# The address as it will be, for what is printed below.
settings=$($build/larder serve --mirror "$@" --print-settings 2>/dev/null) ||
	exec $build/larder serve --mirror "$@" # it says what is wrong
addr=$(echo "$settings" | sed -n 's/^  addr: "\(.*\)"$/\1/p')
root=$(echo "$settings" | sed -n 's/^    rootdirectory: "\(.*\)"$/\1/p')
case $addr in
:*) addr=127.0.0.1$addr ;;
esac
cat >&2 <<END
serve: mirror of Docker Hub at http://$addr, images kept in $root; Ctrl-C ends it
serve: Docker:     sudo build/larder setup docker --mirror http://$addr && sudo systemctl reload docker
serve: others:     sudo build/larder setup containerd|podman|buildkit|k3s --mirror http://$addr
serve: is it used? build/larder doctor --mirror http://$addr
serve: what it saved: build/larder status
END
exec $build/larder serve --mirror "$@"
