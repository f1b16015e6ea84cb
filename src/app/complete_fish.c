/*
 * complete_fish.c - a completion script for fish, 3 or newer. No state.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/complete.h"
#include "app/help.h"

static const char first[] =
	"# fish completion for larder. Made by `larder completion fish`.\n"
	"\n"
	"# Is the command this one, or, without an argument, not yet said?\n"
	"function __larder_at\n"
	"	set -l words (commandline -opc)\n"
	"	if test (count $argv) -eq 0\n"
	"		test (count $words) -eq 1\n"
	"	else\n"
	"		test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
	"	end\n"
	"end\n"
	"\n"
	"complete -c larder -f\n"
	"complete -c larder -n __larder_at -s h -l help -d 'Print help'\n"
	"complete -c larder -n __larder_at -l version -d 'Print the version'\n";

static void put_quoted(const char *text, size_t n)
{
	putchar('\'');
	for (const char *p = text; p < text + n; p++)
		printf("%s%c", *p == '\'' || *p == '\\' ? "\\" : "", *p);
	putchar('\'');
}

static void put_option(const struct options *o, const struct help_row *row)
{
	char words[HELP_WORDS_MAX];
	bool files = help_words(row->value, words);

	printf("complete -c larder -n '__larder_at %s'", o->name);
	if (row->letter != 0)
		printf(" -s %c", row->letter);
	printf(" -l %s", row->name);
	if (row->value != NULL)
		printf(" %s", files ? "-r -F" : "-x");
	if (words[0] != '\0')
		printf(" -a '%s'", words);
	printf(" -d ");
	put_quoted(row->what, help_brief(row->what));
	putchar('\n');
}

static void put_command(void *arg, const struct options *o)
{
	char words[HELP_WORDS_MAX];
	bool files = help_words(o->operands, words);
	struct help_row row;

	if (files)
		printf("complete -c larder -n '__larder_at %s' -F\n", o->name);
	if (words[0] != '\0')
		printf("complete -c larder -n '__larder_at %s' -a '%s'\n", o->name,
		       words);
	for (size_t i = 0; help_row(o, i, &row); i++)
		put_option(o, &row);
}

void complete_fish(void)
{
	const struct command *c;

	printf("%s", first);
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++) {
		printf("complete -c larder -n __larder_at -a %s -d ", c->name);
		put_quoted(c->what, strlen(c->what));
		putchar('\n');
	}
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		command_show(c, put_command, NULL);
}
