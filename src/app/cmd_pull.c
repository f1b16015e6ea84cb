/*
 * cmd_pull.c - `larder pull`: its command line.
 */
#include "app/cmd_pull.h"

#include "app/options.h"
#include "app/pull.h"

#define AT_ONCE 4

static const char about[] =
	"Brings images into the store, so that whoever pulls them through larder, now or "
	"offline, has them from there. Those that are there are compared with their "
	"upstream, which costs no pull quota. Without IMAGE and --file, the list is "
	"larder.images, or base-images.txt in this directory.\n"
	"A list may also be a lock file (larder lock): then just what it says is "
	"brought, "
	"by digest, and the tags are set to it, without a question to upstreams about "
	"them.\n"
	"An image that is there, but could not be compared because its upstream is down, "
	"counts as there, and is reported as stale.";

int cmd_pull(int argc, char **argv, char **envp)
{
	struct pull p = {
		.command = "pull",
		.envp = envp,
		.at_once = AT_ONCE,
		.as_locked = true,
	};
	struct option_values files = { .n = 0 };
	struct login login = { 0 };
	const struct option rows[] = {
		PULL_FILE_OPTION(&files),
		{ "platform", 0, OPTION_TEXT, &p.platform, "LIST",
		  "For images without platforms of their own: linux/amd64,linux/arm64, "
		  "or "
		  "all. The default is this machine's; for another registry, all; for an "
		  "engine, the engine's." },
		{ "to", 't', OPTION_TEXT, &p.to, "docker|podman|URL",
		  "Where they go besides the store: docker or podman (an engine's local "
		  "images), docker:SOCKET, or registry://HOST[:PORT][/PREFIX]." },
		{ "via", 0, OPTION_TEXT, &p.via, "URL",
		  "Have the larder at URL fetch them, instead of this store." },
		PULL_OPTIONS(&p),
		LOGIN_OPTIONS(&login),
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "pull",
		.operands = "[IMAGE...]",
		.about = about,
		.done = "all are there",
		.failed = "none is, or nothing could begin",
		.partly = "some are",
		.has_settings = true,
		.login = &login,
	};

	return pull_command(&p, &o, &files, argc, argv);
}
