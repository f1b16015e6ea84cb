/*
 * cmd_completion.c - `larder completion`: a script that makes a shell know larder's
 * words.
 */
#include "app/cmd_completion.h"

#include <stdio.h>
#include <string.h>

#include "app/complete.h"
#include "app/help.h"
#include "app/options.h"
#include "base/mem.h"

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {
	{ "bash", complete_bash },
	{ "zsh", complete_zsh },
	{ "fish", complete_fish },
};

static const char about[] =
	"Prints a script that completes larder's commands, options and their words in a "
	"shell. It is made from the same tables as --help, and asks neither larder nor a "
	"network when it completes. Packages install it; to try it:\n"
	"bash: source <(larder completion bash)\n"
	"zsh: source <(larder completion zsh), after compinit\n"
	"fish: larder completion fish | source";

static int print(const struct options *o)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shells) && o->n_operands == 1; i++) {
		if (strcmp(o->operand[0], shells[i].name) != 0)
			continue;
		shells[i].print();
		return help_end(o->name);
	}
	if (o->n_operands == 1)
		fprintf(stderr, "larder completion: unknown shell \"%.60s\"; there are",
			o->operand[0]);
	else
		fprintf(stderr, "larder completion: name one shell; there are");
	for (i = 0; i < ARRAY_LEN(shells); i++)
		fprintf(stderr, "%s %s", i > 0 ? "," : "", shells[i].name);
	fprintf(stderr, "\n");
	return EXIT_WRONG_USE;
}

int cmd_completion(int argc, char **argv, char **envp)
{
	const struct option none = { 0 };
	struct options o = {
		.row = &none,
		.name = "completion",
		.operands = "bash|zsh|fish",
		.about = about,
		.done = "printed",
		.failed = "standard output cannot be written",
	};
	int status;

	if (options_begin(&o, argc, argv, envp, NULL, &status))
		status = print(&o);
	options_done(&o);
	return status;
}
