#!/bin/sh
# build-services.sh [--push REGISTRY] DIR... - build every service below DIR, base images through
# larder, and say where each base image came from.
#
# A service is a folder with a Dockerfile or Containerfile; its image is named after its path. The
# base images are pulled first, one by one, and what larder counts meanwhile tells where they came
# from: so let nobody else pull through it if that is to be right. A build that fails is reported,
# and the others go on. Variables:
#   LARDER_URL          where larder's counters are (default http://127.0.0.1:5000); that the engine
#                       pulls through larder is the engine's setting (README.md)
#   USE_LOCAL_REGISTRY  true: base images are taken from LOCAL_REGISTRY, as far as it has them, and
#                       get the names that the Dockerfiles use
#   LOCAL_REGISTRY      default localhost:5000
#   DOCKER              docker or podman (default docker)
#   TAG                 of the images that are built (default latest)
# --push REGISTRY: the images are named REGISTRY/service:tag, and pushed.
# Output of the builds goes to standard error, the table to standard output. Exit status: 0 all were
# built, 1 none, 2 some, 100 wrong use.
set -u

docker=${DOCKER:-docker}
larder=${LARDER_URL:-http://127.0.0.1:5000}
larder=${larder%/}
registry=${LOCAL_REGISTRY:-localhost:5000}
tag=${TAG:-latest}
push=

say() {
	echo "build-services: $*" >&2
}

wrong() {
	say "$*"
	say "usage: scripts/build-services.sh [--push REGISTRY] DIR...; --help says more"
	exit 100
}

while [ $# -gt 0 ]; do
	case $1 in
	--push)
		[ -n "${2:-}" ] || wrong "--push needs the address of a registry"
		push=${2%/}
		shift
		;;
	--push=?*)
		push=${1#--push=}
		push=${push%/}
		;;
	-h | --help)
		sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--)
		shift
		break
		;;
	-*) wrong "unknown option $1" ;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || wrong "which directory? Every folder below it with a Dockerfile is built"
for dir in "$@"; do
	[ -d "$dir" ] || wrong "$dir is no directory"
done
case ${USE_LOCAL_REGISTRY:-false} in
true | 1 | yes) local=yes ;;
false | 0 | no | '') local= ;;
*) wrong "USE_LOCAL_REGISTRY is true or false, not \"$USE_LOCAL_REGISTRY\"" ;;
esac
command -v "$docker" >/dev/null || wrong "there is no program $docker; DOCKER names another"
# Podman wants to be told about each registry without TLS; Docker takes those on this machine so.
podman=
case $("$docker" --version 2>/dev/null) in *[Pp]odman*) podman=yes ;; esac

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'say "interrupted"; exit 1' INT TERM HUP

# --- which images ------------------------------------------------------------------------------

# base_images FILE: image and platform ("-": the engine's own) of each FROM, COPY --from and
# --mount from= that is no stage of the same file, once each. ARGs before the first FROM count
# with their defaults; what remains unknown is printed as "?".
base_images() {
	awk '
	function expand(text,    out, name, rest, other, op) {
		out = ""
		while (match(text, /\$(\{[A-Za-z_][A-Za-z0-9_]*(:?[-+][^}]*)?\}|[A-Za-z_][A-Za-z0-9_]*)/)) {
			out = out substr(text, 1, RSTART - 1)
			name = substr(text, RSTART + 1, RLENGTH - 1)
			rest = substr(text, RSTART + RLENGTH)
			op = other = ""
			if (name ~ /^\{/) {
				name = substr(name, 2, length(name) - 2)
				if (match(name, /:?[-+]/)) {
					op = substr(name, RSTART + RLENGTH - 1, 1)
					other = substr(name, RSTART + RLENGTH)
					name = substr(name, 1, RSTART - 1)
				}
			}
			if (op == "-")
				out = out ((name in args) && args[name] != "" ? args[name] : other)
			else if (op == "+")
				out = out ((name in args) && args[name] != "" ? other : "")
			else
				out = out ((name in args) ? args[name] : "?")
			text = rest
		}
		return out text
	}
	function found(image, platform) {
		image = expand(image)
		platform = expand(platform)
		if (platform == "" || platform ~ /\?/)
			platform = "-"
		if (image ~ /\?/)
			image = "?"
		if (image == "scratch" || tolower(image) in stages || image ~ /^[0-9]+$/ || image in seen)
			return
		seen[image] = 1
		print image, platform
	}
	function unquote(text) {
		if (text ~ /^".*"$/ || text ~ /^\047.*\047$/)
			return substr(text, 2, length(text) - 2)
		return text
	}
	function handle(line,    n, w, i, word, platform, at) {
		n = split(line, w, /[ \t]+/)
		i = w[1] == "" ? 2 : 1
		word = toupper(w[i])
		if (word == "ARG" && !begun)
			for (i++; i <= n; i++) {
				at = index(w[i], "=")
				if (at > 0)
					args[substr(w[i], 1, at - 1)] = expand(unquote(substr(w[i], at + 1)))
			}
		if (word == "FROM") {
			begun = 1
			for (i++; i <= n && w[i] ~ /^--/; i++)
				if (w[i] ~ /^--platform=/)
					platform = substr(w[i], 12)
			if (i <= n)
				found(w[i], platform)
			if (toupper(w[i + 1]) == "AS")
				stages[tolower(w[i + 2])] = 1
		}
		if (word == "COPY" || word == "ADD" || word == "RUN")
			for (i++; i <= n && w[i] ~ /^--/; i++) {
				if (word == "COPY" && w[i] ~ /^--from=/)
					found(substr(w[i], 8), "")
				if (w[i] ~ /^--mount=/ && match(w[i], /[=,]from=[^,]*/))
					found(substr(w[i], RSTART + 6, RLENGTH - 6), "")
			}
	}
	{ sub(/\r$/, "") }
	heredoc != "" {
		text = $0
		sub(/^\t+/, "", text)
		if (text == heredoc)
			heredoc = ""
		next
	}
	/^[ \t]*#/ || /^[ \t]*$/ { next }
	{
		line = line $0
		if (sub(/\\[ \t]*$/, " ", line))
			next
		handle(line)
		if (toupper(line) ~ /^[ \t]*(RUN|COPY|ADD)[ \t]/ &&
		    match(line, /<<-?["\047]?[A-Za-z_][A-Za-z0-9_]*/)) {
			heredoc = substr(line, RSTART, RLENGTH)
			gsub(/[<"\047-]/, "", heredoc)
		}
		line = ""
	}
	END { if (line != "") handle(line) }
	' "$1"
}

# --- where they come from ----------------------------------------------------------------------

# metrics FILE: larder's counters; fails where it cannot be asked.
metrics() {
	if command -v curl >/dev/null; then
		curl -fsS -m 5 "$larder/metrics" >"$1" 2>"$work/curl"
	else
		wget -q -T 5 -O "$1" "$larder/metrics" 2>"$work/curl"
	fi
}

# came IMAGE: what larder counted between $work/before and $work/after, in words.
came() {
	host=$(registry_of "$1")
	if [ -z "$counted" ] || ! metrics "$work/after"; then
		echo "$host, or a mirror that could not be asked"
		return
	fi
	awk -v host="$host" '
	/^larder_http_requests_total\{kind="(manifest|blob)"/ {
		match($0, /outcome="[a-z]*"/)
		outcome = substr($0, RSTART + 9, RLENGTH - 10)
		n[outcome] += FILENAME == ARGV[1] ? -$NF : $NF
	}
	# To ask whether a tag has moved is a HEAD, and fetches nothing.
	/^larder_upstream_requests_total\{.*kind="(manifest_get|blob_get|cdn)",status="20[06]"/ {
		fetched += FILENAME == ARGV[1] ? -$NF : $NF
	}
	END {
		good = n["hit"] + n["miss"] + n["joined"] + n["stale"]
		if (good <= 0 && n["error"] <= 0)
			print host ", directly"
		else if (good <= 0)
			print host ", directly: larder answered with errors"
		else if (n["error"] > 0)
			print "larder; part of it perhaps from " host ": there were errors"
		else if (fetched > 0)
			print "fetched through larder"
		else if (n["stale"] > 0)
			print "larder\047s cache (the registry could not be asked)"
		else
			print "larder\047s cache"
	}' "$work/before" "$work/after"
}

# The host of an image's name, docker.io where it has none.
registry_of() {
	case $1 in
	*/*)
		case ${1%%/*} in
		*.* | *:* | localhost) echo "${1%%/*}" ;;
		*) echo docker.io ;;
		esac
		;;
	*) echo docker.io ;;
	esac
}

insecure() {
	[ -z "$podman" ] || case ${1%%/*} in
	localhost:* | 127.*:*) echo --tls-verify=false ;;
	esac
}

# pull IMAGE PLATFORM
pull() {
	if [ "$2" = - ]; then
		# shellcheck disable=SC2046 # one word or none
		"$docker" pull $(insecure "$1") "$1"
	else
		# shellcheck disable=SC2046
		"$docker" pull $(insecure "$1") --platform "$2" "$1"
	fi >"$work/pull" 2>&1
}

# from_local IMAGE PLATFORM: out of the local registry, under the name that the Dockerfile uses.
from_local() {
	short=${1#docker.io/}
	full=$1
	case $short in
	"$registry"/* | *@*) return 1 ;; # it says so itself; a digest cannot be given to a tag
	library/*)
		candidates="${short#library/} $short"
		full=docker.io/$short
		;;
	*/*)
		candidates=$short
		if [ "$(registry_of "$1")" = docker.io ]; then
			full=docker.io/$short
		else
			candidates="$short ${short#*/}"
		fi
		;;
	*)
		candidates="$short library/$short"
		full=docker.io/library/$short
		;;
	esac
	[ -n "$podman" ] || full=$1 # only podman minds how a name of Docker Hub is spelt
	for candidate in $candidates; do
		pull "$registry/$candidate" "$2" && "$docker" tag "$registry/$candidate" "$full" &&
			return 0
	done
	return 1
}

# provide IMAGE PLATFORM: it is in the engine afterwards; $origin says from where.
provide() {
	if [ "$1" = "?" ]; then
		origin="not known: an ARG without a default"
		return 0
	fi
	if "$docker" image inspect "$1" >/dev/null 2>&1 && [ "$2" = - ]; then
		origin="the engine had it"
		return 0
	fi
	if [ -n "$local" ] && from_local "$1" "$2"; then
		origin="local registry $registry"
		return 0
	fi
	counted=
	! metrics "$work/before" || counted=yes
	if pull "$1" "$2"; then
		origin=$(came "$1")
		return 0
	fi
	tail -n 5 "$work/pull" >&2
	origin="could not be pulled"
	return 1
}

# --- building ----------------------------------------------------------------------------------

# service_name DIR FOLDER: the folder's path in DIR, as a name that images may have.
service_name() {
	path=${2#"$1"}
	path=${path#/}
	[ -n "$path" ] || path=$(basename "$(cd "$2" && pwd)")
	echo "$path" | tr '[:upper:]' '[:lower:]' |
		sed 's/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//; s/^$/service/'
}

# build FOLDER FILE IMAGE: pull what it is based on, build, push. Lines of the table go to
# $work/bases.
build() {
	: >"$work/bases"
	base_images "$2" >"$work/images"
	while read -r base platform <&3; do
		provided=yes
		provide "$base" "$platform" </dev/null || provided=
		printf '%s\t%s\n' "$base" "$origin" >>"$work/bases"
		if [ -z "$provided" ]; then
			say "$1: the base image $base could not be pulled"
			return 1
		fi
	done 3<"$work/images"
	if ! "$docker" build -f "$2" -t "$3" "$1" </dev/null >&2; then
		say "$1: the build failed"
		return 1
	fi
	[ -n "$push" ] || return 0
	# shellcheck disable=SC2046 # one word or none
	if ! "$docker" push $(insecure "$3") "$3" </dev/null >&2; then
		say "$1: $3 could not be pushed"
		return 1
	fi
}

for dir in "$@"; do
	dir=${dir%/}
	dir=${dir:-/}
	find "$dir" \( -name .git -o -name node_modules \) -prune -o \
		\( -name Dockerfile -o -name Containerfile \) -type f -print |
		sed 's,/[^/]*$,,' | sort -u | while read -r folder; do
		file=$folder/Dockerfile
		[ -f "$file" ] || file=$folder/Containerfile
		printf '%s\t%s\t%s\n' "$(service_name "$dir" "$folder")" "$folder" "$file"
	done
done >"$work/services"
if ! [ -s "$work/services" ]; then
	say "there is no Dockerfile or Containerfile in $*"
	exit 1
fi

same=$(cut -f 1 "$work/services" | sort | uniq -d | tr '\n' ' ')
if [ -n "$same" ]; then
	say "these names would be given to more than one image: $same; build those folders one at a time"
	exit 1
fi

built=0 failed=0
tab=$(printf '\t')
while IFS=$tab read -r name folder file <&4; do
	image=${push:+$push/}$name:$tag
	say "$name: $folder as $image"
	if build "$folder" "$file" "$image"; then
		built=$((built + 1)) state=${push:+pushed}
	else
		failed=$((failed + 1)) state=failed
	fi
	[ -s "$work/bases" ] || printf '%s\t%s\n' - - >"$work/bases"
	sed "s,^,$name$tab${state:-built}$tab," "$work/bases" >>"$work/table"
done 4<"$work/services"

{
	printf 'SERVICE\tSTATE\tBASE IMAGE\tFROM\n'
	cat "$work/table"
} | awk -F '\t' '
{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
END {
	for (r = 1; r <= NR; r++)
		printf "%-" width[1] "s  %-" width[2] "s  %-" width[3] "s  %s\n",
			cell[r, 1], cell[r, 2], cell[r, 3], cell[r, 4]
}'
say "$built built, $failed failed"
if [ $failed -eq 0 ]; then
	exit 0
fi
[ $built -eq 0 ] || exit 2
exit 1
