/*
 * help_markdown.c - docs/commands.md from the tables. No state.
 */
#include "app/help_markdown.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/help.h"

/* In prose and in cells of tables. */
static void put(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			printf("\n\n");
		else
			printf("%s%c", strchr("|*<_", *p) != NULL ? "\\" : "", *p);
	}
}

/* In code within a table, where only the bar means something. */
static void put_code(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		printf("%s%c", *p == '|' ? "\\" : "", *p);
}

static void put_name(const struct help_row *row)
{
	printf("`--%s%s", row->name, row->value != NULL ? " " : "");
	if (row->value != NULL)
		put_code(row->value);
	printf("`");
}

static void put_options(const struct options *o)
{
	struct help_row row;
	size_t i;

	printf("\n| option | |\n|---|---|\n");
	for (i = 0; help_row(o, i, &row) && !row.is_setting; i++) {
		printf("| ");
		if (row.letter != 0)
			printf("`-%c`, ", row.letter);
		put_name(&row);
		printf(" | ");
		put(row.what);
		printf(" |\n");
	}
	if (!o->has_settings)
		return;
	printf("\nFlags of the [settings](settings.md), too:");
	for (; help_row(o, i, &row); i++) {
		printf("%s\n`--%s%s%s`", row.name[0] == 'c' ? "" : ",", row.name,
		       row.value != NULL ? " " : "", row.value != NULL ? row.value : "");
	}
	printf(".\n");
}

static void put_command(void *arg, const struct options *o)
{
	const struct command *c = arg;
	char usage[HELP_USAGE_MAX];
	struct help_exit ends;

	help_usage(o, usage);
	printf("## larder %s\n\n```\n%s\n```\n\n", c->name, usage);
	put(o->about);
	printf("\n");
	put_options(o);
	printf("\n| exit status | |\n|---|---|\n");
	for (size_t i = 0; help_exit(o, i, &ends); i++) {
		printf("| %d | ", ends.status);
		put(ends.what);
		printf(" |\n");
	}
}

void help_markdown_command(const struct command *c)
{
	command_show(c, put_command, (void *)c);
}

void help_markdown_all(void)
{
	const struct command *c;

	printf("# Commands\n"
	       "\n"
	       "<!-- Made by scripts/gen-docs.sh from the options of each command. -->\n"
	       "\n"
	       "`larder COMMAND --help` says the same, and so do the manual pages that "
	       "are\n"
	       "installed (`man larder`, `man larder-pull`). Results go to standard "
	       "output,\n"
	       "messages to standard error.\n"
	       "\n"
	       "| command | |\n|---|---|\n");
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++) {
		printf("| [%s](#larder-%s) | ", c->name, c->name);
		put(c->what);
		printf(" |\n");
	}
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++) {
		putchar('\n');
		help_markdown_command(c);
	}
}
