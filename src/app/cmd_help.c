/*
 * cmd_help.c - `larder help`: what there is to read, in the form that is wanted.
 */
#include "app/cmd_help.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/help.h"
#include "app/help_man.h"
#include "app/help_markdown.h"
#include "app/options.h"
#include "settings/setting_help.h"
#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX_BYTES (256u << 10)

static const char about[] = "Prints help on one command, as `larder COMMAND --help` "
			    "does, or on every setting. Without either, the commands.";

struct forms {
	bool man, markdown;
};

static void print_commands(void)
{
	const struct command *c;

	printf("larder keeps container images close: a pull-through cache and "
	       "registry.\n\nusage: larder COMMAND [ARGUMENTS]\n\n");
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		printf("  %-11s %s\n", c->name, c->what);
	printf("\n`larder COMMAND --help` says more of one. Begin with\n"
	       "`larder serve --mirror`, a mirror of Docker Hub and other public "
	       "registries on\n127.0.0.1:5000.\n");
}

static void print_settings(const struct forms *f)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(TEXT_MAX_BYTES);

	if (f->man) {
		help_man_settings();
	} else if ((f->markdown ? setting_help_markdown : setting_help_text)(&b) == 0) {
		fwrite(b.p, 1, b.n, stdout);
	}
}

static void show(void *arg, const struct options *o)
{
	help_print(o);
}

static void print_command(const struct command *c, const struct forms *f)
{
	if (f->man)
		help_man_command(c);
	else if (f->markdown)
		help_markdown_command(c);
	else
		command_show(c, show, NULL);
}

static int print(const struct options *o, const struct forms *f)
{
	const char *name = o->n_operands > 0 ? o->operand[0] : NULL;
	const struct command *c = name != NULL ? command_find(name) : NULL;

	if (f->man && f->markdown) {
		fprintf(stderr, "larder help: --man and --markdown: one of them\n");
		return EXIT_WRONG_USE;
	}
	if (o->n_operands > 1) {
		fprintf(stderr, "larder help: one command: \"%.60s\" is one too many\n",
			o->operand[1]);
		return EXIT_WRONG_USE;
	}
	if (c != NULL)
		print_command(c, f);
	else if (name != NULL && strcmp(name, "settings") == 0)
		print_settings(f);
	else if (name != NULL)
		return command_unknown(name);
	else if (f->man)
		help_man_larder();
	else if (f->markdown)
		help_markdown_all();
	else
		print_commands();
	return help_end(o->name);
}

int cmd_help(int argc, char **argv, char **envp)
{
	struct forms f = { 0 };
	const struct option rows[] = {
		{ "man", 'm', OPTION_FLAG, &f.man, NULL,
		  "As a manual page, for man -l or to install." },
		{ "markdown", 0, OPTION_FLAG, &f.markdown, NULL,
		  "As Markdown, for documentation." },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "help",
		.operands = "[COMMAND|settings]",
		.about = about,
		.done = "printed",
		.failed = "standard output cannot be written",
	};
	int status;

	if (options_begin(&o, argc, argv, envp, NULL, &status))
		status = print(&o, &f);
	options_done(&o);
	return status;
}
