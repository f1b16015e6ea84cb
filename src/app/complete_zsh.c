/*
 * complete_zsh.c - a completion script for zsh, to source or to autoload. No state.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/complete.h"
#include "app/help.h"

static const char first[] =
	"#compdef larder\n"
	"# zsh completion for larder. Made by `larder completion zsh`.\n"
	"\n"
	"_larder()\n"
	"{\n"
	"	local curcontext=$curcontext state line ret=1\n"
	"	local -a commands\n"
	"	typeset -A opt_args\n"
	"\n"
	"	commands=(\n";

static const char middle[] =
	"	)\n"
	"	_arguments -C \\\n"
	"		'(- : *)'{-h,--help}'[Print help]' \\\n"
	"		'(- : *)--version[Print the version]' \\\n"
	"		'1:command:->command' '*::argument:->argument' && ret=0\n"
	"	case $state in\n"
	"	command)\n"
	"		_describe command commands && ret=0\n"
	"		;;\n"
	"	argument)\n"
	"		curcontext=${curcontext%:*:*}:larder-$words[1]:\n"
	"		case $words[1] in\n";

static const char last[] = "		esac\n"
			   "		;;\n"
			   "	esac\n"
			   "	return ret\n"
			   "}\n"
			   "\n"
			   "if [[ $funcstack[1] == _larder ]]; then\n"
			   "	_larder \"$@\"\n"
			   "else\n"
			   "	compdef _larder larder\n"
			   "fi\n";

/* Inside single quotes; with a backslash before what means something in a description. */
static void put(const char *text, size_t n)
{
	for (const char *p = text; p < text + n; p++) {
		if (*p == '\'')
			printf("'\\''");
		else
			printf("%s%c", strchr("[]:\\", *p) != NULL ? "\\" : "", *p);
	}
}

/* ":IMAGE: ", or how it is completed. */
static void put_value(const char *value)
{
	char words[HELP_WORDS_MAX];
	bool files = help_words(value, words);

	putchar(':');
	put(value, strlen(value));
	if (words[0] != '\0')
		printf(":(%s)", words);
	else
		printf(":%s", files ? "_files" : " ");
}

static void put_option(const struct help_row *row)
{
	const char *equals = row->value != NULL ? "=" : "";

	printf(" \\\n\t\t\t\t");
	if (row->letter != 0 && row->many)
		printf("'*'{-%c+,--%s=}'[", row->letter, row->name);
	else if (row->letter != 0)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, row->name,
		       row->letter, row->value != NULL ? "+" : "", row->name, equals);
	else
		printf("'%s--%s%s[", row->many ? "*" : "", row->name, equals);
	put(row->what, help_brief(row->what));
	printf("]");
	if (row->value != NULL)
		put_value(row->value);
	printf("'");
}

static void put_command(void *arg, const struct options *o)
{
	struct help_row row;

	printf("\t\t%s)\n\t\t\t_arguments -s", o->name);
	for (size_t i = 0; help_row(o, i, &row); i++)
		put_option(&row);
	if (o->operands != NULL) {
		printf(" \\\n\t\t\t\t'%s", strstr(o->operands, "...") ? "*" : "1");
		put_value(o->operands);
		printf("'");
	}
	printf(" && ret=0\n\t\t\t;;\n");
}

void complete_zsh(void)
{
	const struct command *c;

	printf("%s", first);
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++) {
		printf("\t\t'%s:", c->name);
		put(c->what, strlen(c->what));
		printf("'\n");
	}
	printf("%s", middle);
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		command_show(c, put_command, NULL);
	printf("%s", last);
}
