/*
 * command.h - the commands of larder, in the order in which people read of them.
 */
#ifndef LARDER_APP_COMMAND_H
#define LARDER_APP_COMMAND_H

#include <stddef.h>

#include "app/options.h"

struct command {
	const char *name;
	const char *what; /* a line, without a full stop */
	/* argv[0] is the name. Returns an exit status. */
	int (*run)(int argc, char **argv, char **envp);
};

const struct command *command_nth(size_t i);	      /* NULL after the last */
const struct command *command_find(const char *name); /* NULL: none of that name */
/* Says that there is no such command, and what may have been meant. An exit status. */
int command_unknown(const char *name);

/* Calls show, in this thread, with the options of c, which then does nothing. */
void command_show(const struct command *c,
		  void (*show)(void *arg, const struct options *o), void *arg);

#endif
