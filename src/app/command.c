/*
 * command.c - the table of commands.
 */
#include "app/command.h"

#include <stdio.h>
#include <string.h>

#include "app/cmd_completion.h"
#include "app/cmd_discover.h"
#include "app/cmd_diff.h"
#include "app/cmd_doctor.h"
#include "app/cmd_export.h"
#include "app/cmd_help.h"
#include "app/cmd_history.h"
#include "app/cmd_import.h"
#include "app/cmd_list.h"
#include "app/cmd_lock.h"
#include "app/cmd_prune.h"
#include "app/cmd_pull.h"
#include "app/cmd_scan.h"
#include "app/cmd_scrub.h"
#include "app/cmd_serve.h"
#include "app/cmd_setup.h"
#include "app/cmd_status.h"
#include "app/cmd_update.h"
#include "app/cmd_verify.h"
#include "app/cmd_version.h"
#include "settings/setting_path.h"
#include "base/mem.h"

#define FAR 3 /* too many letters apart to have been meant */

static const struct command commands[] = {
	{ "serve", "serve images: a mirror, a cache or a registry", cmd_serve },
	{ "pull", "bring images into the store, an engine or another registry",
	  cmd_pull },
	{ "update", "compare listed images with their upstreams, bring what moved",
	  cmd_update },
	{ "discover", "list the base images that a source tree names", cmd_discover },
	{ "lock", "write down which bytes each tag stands for, and check it", cmd_lock },
	{ "scan", "say which known vulnerabilities are in images", cmd_scan },
	{ "diff", "what changed from one image to another", cmd_diff },
	{ "export", "write images to a folder or an archive, to be carried elsewhere",
	  cmd_export },
	{ "import", "bring images from a folder, an archive or another store",
	  cmd_import },
	{ "list", "list the images of a store, or of another larder", cmd_list },
	{ "history", "where tags have been, and since when", cmd_history },
	{ "status", "how a store fares, and the larder that serves it", cmd_status },
	{ "prune", "remove what has had its time, and what nobody names", cmd_prune },
	{ "scrub", "read all of a store again, repair what is wrong with it", cmd_scrub },
	{ "verify", "check images against digests, lock, upstream and signatures",
	  cmd_verify },
	{ "setup", "point a client here: docker, containerd, podman, ...", cmd_setup },
	{ "doctor", "check larder and all that it hangs on, with remedies", cmd_doctor },
	{ "completion", "print a script that completes larder's words in a shell",
	  cmd_completion },
	{ "help", "help on a command, or on all settings: larder help settings",
	  cmd_help },
	{ "version", "print the version", cmd_version },
};

const struct command *command_nth(size_t i)
{
	return i < ARRAY_LEN(commands) ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	const char *nearest = commands[0].name;

	if (strcmp(name, "garbage-collect") == 0) {
		fprintf(stderr, "larder: garbage-collect is `larder prune` here, and "
				"nothing must be stopped for it; a larder that\nserves "
				"does it by itself once a day (larder.collect)\n");
		return EXIT_WRONG_USE;
	}
	for (size_t i = 1; i < ARRAY_LEN(commands); i++)
		if (setting_path_distance(name, commands[i].name) <
		    setting_path_distance(name, nearest))
			nearest = commands[i].name;
	if (setting_path_distance(name, nearest) > FAR) {
		fprintf(stderr,
			"larder: unknown command \"%.60s\"; `larder help` lists "
			"them\n",
			name);
		return EXIT_WRONG_USE;
	}
	fprintf(stderr, "larder: unknown command \"%.60s\"; did you mean \"%s\"?\n", name,
		nearest);
	return EXIT_WRONG_USE;
}

void command_show(const struct command *c,
		  void (*show)(void *arg, const struct options *o), void *arg)
{
	char name[32], help[] = "--help";

	snprintf(name, sizeof(name), "%s", c->name);
	options_on_help(show, arg);
	c->run(2, (char *[]){ name, help, NULL }, (char *[]){ NULL });
	options_on_help(NULL, NULL);
}
