/*
 * cmd_version.c - `larder version`.
 */
#include "app/cmd_version.h"

#include <stdio.h>

#include "app/help.h"
#include "app/options.h"

int cmd_version(int argc, char **argv, char **envp)
{
	bool json = false;
	const struct option rows[] = {
		{ "json", 0, OPTION_FLAG, &json, NULL, "Print JSON: one object." },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "version",
		.about = "Prints the version of this program.",
		.done = "printed",
		.failed = "standard output cannot be written",
	};
	int status;

	if (options_begin(&o, argc, argv, envp, NULL, &status)) {
		printf(json ? "{\"version\":\"%s\"}\n" : "larder %s\n", LARDER_VERSION);
		status = help_end(o.name);
	}
	options_done(&o);
	return status;
}
