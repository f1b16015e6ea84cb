/*
 * main.c - which command it is, and what to say when it is none.
 *
 * Exit status: see app/options.h.
 */
#include <stdbool.h>
#include <string.h>

#include "app/cmd_help.h"
#include "app/cmd_serve.h"
#include "app/cmd_version.h"
#include "app/command.h"

/* As the entry point of registry:2's image has it: a file alone means to serve it. */
static bool is_config(const char *name)
{
	size_t n = strlen(name);

	return (n > 4 && strcmp(name + n - 4, ".yml") == 0) ||
	       (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

int main(int argc, char **argv, char **envp)
{
	const struct command *c;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(1, (char *[]){ argv[0], NULL }, envp);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(1, (char *[]){ argv[0], NULL }, envp);
	c = command_find(argv[1]);
	if (c != NULL)
		return c->run(argc - 1, argv + 1, envp);
	if (is_config(argv[1]))
		return cmd_serve(argc, argv, envp);
	return command_unknown(argv[1]);
}
