/*
 * options.h - the command line of a subcommand: its own options, the flags of the
 * settings (which every command that works on a store takes), and operands.
 */
#ifndef LARDER_APP_OPTIONS_H
#define LARDER_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/login.h"
#include "settings/settings.h"
#include "base/buf.h"
#include "base/err.h"

/* What every command ends with. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_PARTLY = 2,
	EXIT_WRONG_USE = 100
};

enum option_kind {
	OPTION_FLAG,  /* to: bool, set true */
	OPTION_TEXT,  /* to: const char *, borrowed from argv; the last one counts */
	OPTION_MANY,  /* to: struct option_values */
	OPTION_COUNT, /* to: unsigned; within least and most */
};

#define OPTION_MAX_VALUES 256

struct option_values {
	const char *v[OPTION_MAX_VALUES]; /* borrowed from argv */
	size_t n;
};

struct option {
	const char *name; /* without the dashes */
	char letter;	  /* short form, or 0 */
	enum option_kind kind;
	void *to;
	const char *value; /* what help calls the value; NULL for a flag */
	const char *what;  /* for help */
	unsigned least, most;
};

struct options {
	const struct option *row; /* the command's own, ended by one without a name */
	const char *name;	  /* "pull" */
	const char *operands; /* "[IMAGE...]", in the form of app/help.h; NULL: none */
	const char *about;    /* for help: paragraphs, each one line */
	const char *done, *failed; /* what exit status 0 and 1 say of this command ... */
	const char *partly;	   /* ... and 2; NULL: it does not end so */
	bool has_settings;	   /* takes the flags of the settings, too */
	bool serves;		   /* they are those of `larder serve`, as is its operand,
				      the configuration file */
	const struct login *login; /* where its LOGIN_OPTIONS go; NULL: it has none */
	/* out */
	char **operand; /* borrowed from argv */
	size_t n_operands;
	char **setting; /* an argv for settings_load */
	int n_settings;
	bool help;
};

/* ERR_INVALID: a message that names the option and the nearest known one, or an operand
 * where none is taken. options_done in any case. */
int options_read(struct options *o, int argc, char **argv, struct err *e);
void options_done(struct options *o);

/* What a command begins with. True: go on; s is set where o->has_settings. False: it was
 * asked for help or for its settings, or something is wrong and has been said; *status is
 * the exit status. s may be set all the same. */
bool options_begin(struct options *o, int argc, char **argv, char **envp,
		   struct settings **s, int *status);

/* From now on, options_begin hands the options of a command that is asked for help to
 * show, for what is made of all commands' options. NULL: it prints help. The main thread
 * only. */
void options_on_help(void (*show)(void *arg, const struct options *o), void *arg);

#endif
