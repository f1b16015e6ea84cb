#!/bin/sh
# prepull-base-images.sh [flags of larder pull] [IMAGE...] - have the base images here before
# a build wants them.
#
# Without more, the images of base-images.txt go into this machine's Docker engine, so that
# `docker build` needs no network for them. Each is fetched once, whatever is asked for
# again: what has come is kept in a store, and only what has moved is fetched anew.
#
#   USE_LOCAL_REGISTRY=true   into the registry LOCAL_REGISTRY instead: Dockerfiles then say
#                             FROM localhost:5000/python:3.11-slim
#   LOCAL_REGISTRY            its address (localhost:5000)
#   IMAGES_FILE               another list of images
#   DOCKER_USERNAME, DOCKER_PASSWORD
#                             for Docker Hub: a password or an access token
#   LARDER                    a larder program that is there already; else it is built here
#   LARDER_...                any setting of docs/settings.md
#
# Exit status: 0 all are there, 2 some are, 1 none is, 100 wrong use.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)

case " $* " in
*" --help "* | *" -h "*)
	sed -n 's/^# \{0,1\}//; 2,20p' "$0"
	exit 0
	;;
esac

if [ -z "${LARDER:-}" ]; then
	LARDER=$here/build/larder
	LARDER_SCRIPT=$0 "$here/scripts/build.sh"
fi

case "${USE_LOCAL_REGISTRY:-false}" in
true | TRUE | True | yes | 1) target=registry://${LOCAL_REGISTRY:-localhost:5000} ;;
false | FALSE | False | no | 0 | "") target=docker ;;
*)
	echo "prepull: USE_LOCAL_REGISTRY is \"$USE_LOCAL_REGISTRY\": true or false" >&2
	exit 100
	;;
esac

# A store of its own: the one that a server keeps may belong to another user.
if [ -z "${LARDER_ROOT:-}" ] && [ -z "${XDG_CACHE_HOME:-${HOME:-}}" ]; then
	echo "prepull: HOME is not set: say with LARDER_ROOT where images are to be kept" >&2
	exit 100
fi
if [ -z "${LARDER_ROOT:-}" ]; then
	LARDER_ROOT=${XDG_CACHE_HOME:-$HOME/.cache}/larder
	export LARDER_ROOT
fi

# The list, unless images or a list are on the command line.
LARDER_IMAGES=${IMAGES_FILE:-$here/base-images.txt}
export LARDER_IMAGES
exec "$LARDER" pull --to "$target" "$@"
