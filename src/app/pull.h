/*
 * pull.h - what `pull` and `update` have in common: images, a store that is to have them,
 * perhaps a target beyond it, progress and a report.
 */
#ifndef LARDER_APP_PULL_H
#define LARDER_APP_PULL_H

#include <stdbool.h>

#include "app/imageargs.h"
#include "app/options.h"
#include "settings/settings.h"

struct pull {
	const char *command; /* for messages */
	const struct settings *settings;
	char **envp;
	struct imageargs images; /* pull_run sets the platforms of those without */
	const char *platform;	 /* "linux/amd64,linux/arm64", "all"; NULL: not said */
	const char *to;		 /* a target as pull_target.h has it; NULL: the store */
	const char *via;	 /* URL of another cache; NULL */
	unsigned at_once;
	bool look, json, quiet;
	bool stale_bad;	 /* pull_report.h */
	bool as_locked;	 /* a list that is a lock file is not compared with upstreams */
	bool signatures; /* bring what is needed to verify, too */
	/* Of update: say what changed inside (inside.h), fetch what that takes, do
	 * not say it after all, print Markdown. */
	bool inside, fetch_inside, brief, markdown;
	enum visit_for who;
};

/* Options of both: f is a struct option_values, p the struct pull. */
#define PULL_FILE_OPTION(f)                                                              \
	{                                                                                \
		"file", 'f', OPTION_MANY, (f), "FILE",                                   \
			"A list of images, one a line; may be said several times. - is " \
			"standard input."                                                \
	}
#define PULL_OPTIONS(p)                                                                  \
	{ "check",    0,    OPTION_FLAG,                                                 \
	  &(p)->look, NULL, "Only say what would change. Costs no quota." },             \
		{ "at-once",                                                             \
		  'j',                                                                   \
		  OPTION_COUNT,                                                          \
		  &(p)->at_once,                                                         \
		  "N",                                                                   \
		  "Images at once (default 4).",                                         \
		  1,                                                                     \
		  BATCH_MAX_AT_ONCE },                                                   \
		{ "signatures",                                                          \
		  0,                                                                     \
		  OPTION_FLAG,                                                           \
		  &(p)->signatures,                                                      \
		  NULL,                                                                  \
		  "Bring signatures, too (cosign's and notation's), so that `larder "    \
		  "verify --offline` has them." },                                       \
		{ "quiet", 'q', OPTION_FLAG, &(p)->quiet, NULL, "No progress." },        \
	{                                                                                \
		"json", 0, OPTION_FLAG, &(p)->json, NULL,                                \
			"Print JSON: an object a line for each image, and one for all."  \
	}

/* The whole command: its command line by o, whose rows point into p and files, the list
 * (operands, files, or the one that is there by default), the work, the report. An exit
 * status. */
int pull_command(struct pull *p, struct options *o, const struct option_values *files,
		 int argc, char **argv);

#endif
