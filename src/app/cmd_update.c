/*
 * cmd_update.c - `larder update`: its command line.
 */
#include "app/cmd_update.h"

#include "app/options.h"
#include "app/pull.h"

#define AT_ONCE 4

static const char about[] =
	"Compares the images of a list with their upstreams now, however lately that was "
	"done, brings what has changed into the store, and says which tags have moved. "
	"Without IMAGE and --file, the list is larder.images, or base-images.txt in this "
	"directory. A larder that serves the same store needs no telling.";

int cmd_update(int argc, char **argv, char **envp)
{
	struct pull p = {
		.command = "update",
		.envp = envp,
		.at_once = AT_ONCE,
		.stale_bad = true,
		.who = VISIT_BACKGROUND,
	};
	struct option_values files = { .n = 0 };
	struct login login = { 0 };
	const struct option rows[] = {
		PULL_FILE_OPTION(&files),
		{ "platform", 0, OPTION_TEXT, &p.platform, "LIST",
		  "For images without platforms of their own: linux/amd64,linux/arm64, "
		  "or "
		  "all. The default is this machine's." },
		PULL_OPTIONS(&p),
		LOGIN_OPTIONS(&login),
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "update",
		.operands = "[IMAGE...]",
		.about = about,
		.done = "all are as at their upstreams",
		.failed = "none is, or nothing could begin",
		.partly = "some are",
		.has_settings = true,
		.login = &login,
	};

	return pull_command(&p, &o, &files, argc, argv);
}
