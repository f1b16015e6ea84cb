#!/bin/sh
# write.sh LARDER DIRECTORY COMMAND... - have larder write its manual pages and completion there.
# One step for all of them, because a build step of Meson that captures output is slow.
set -eu

larder=$1 to=$2
shift 2
for command in "$@"; do
	"$larder" help --man "$command" >"$to/larder-$command.1"
done
"$larder" help --man >"$to/larder.1"
"$larder" help --man settings >"$to/larder-settings.5"
"$larder" completion bash >"$to/larder"
"$larder" completion zsh >"$to/_larder"
"$larder" completion fish >"$to/larder.fish"
