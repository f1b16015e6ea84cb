/*
 * cmd_update.c - `larder update`: its command line.
 */
#include "app/cmd_update.h"

#include "app/options.h"
#include "app/pull.h"

#define AT_ONCE 4

static const char about[] =
	"Compares the images of a list with their upstreams now, however lately that was "
	"done, brings what has changed into the store, and says which tags have moved, "
	"and what changed inside: packages, configuration, size, layers. "
	"Without IMAGE and --file, the list is larder.images, or base-images.txt in this "
	"directory. A larder that serves the same store needs no telling.\n"
	"What changed inside is known where both images are in the store. With --check "
	"the new one is not, yet: --diff fetches it beside the tag, which stays where it "
	"is; "
	"a later update finds it there.";

int cmd_update(int argc, char **argv, char **envp)
{
	struct pull p = {
		.command = "update",
		.envp = envp,
		.at_once = AT_ONCE,
		.stale_bad = true,
		.who = VISIT_BACKGROUND,
		.inside = true,
	};
	struct option_values files = { .n = 0 };
	struct login login = { 0 };
	const struct option rows[] = {
		PULL_FILE_OPTION(&files),
		{ "platform", 0, OPTION_TEXT, &p.platform, "LIST",
		  "For images without platforms of their own: linux/amd64,linux/arm64, "
		  "or "
		  "all. The default is this machine's." },
		{ "diff", 0, OPTION_FLAG, &p.fetch_inside, NULL,
		  "Fetch what is missing to say what changed inside: with --check the "
		  "new "
		  "images, a pull each; else the old ones, where they are gone." },
		{ "brief", 0, OPTION_FLAG, &p.brief, NULL, "Do not look into images." },
		{ "markdown", 0, OPTION_FLAG, &p.markdown, NULL,
		  "Print Markdown, for a pull request." },
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
