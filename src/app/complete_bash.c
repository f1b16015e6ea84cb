/*
 * complete_bash.c - a completion script for bash, 4 or newer. No state.
 */
#include <stdbool.h>
#include <stdio.h>

#include "app/command.h"
#include "app/complete.h"
#include "app/help.h"

static const char first[] =
	"# bash completion for larder. Made by `larder completion bash`.\n"
	"\n"
	"_larder_words()\n"
	"{\n"
	"	mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"}\n"
	"\n"
	"_larder_files()\n"
	"{\n"
	"	compopt -o filenames 2>/dev/null\n"
	"	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"}\n"
	"\n"
	"_larder()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"	local options='' words='' files=''\n"
	"\n"
	"	COMPREPLY=()\n"
	"	# --option=value is three words here.\n"
	"	if [[ $cur == = ]]; then\n"
	"		cur=\n"
	"	elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then\n"
	"		prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"	fi\n"
	"	if ((COMP_CWORD == 1)); then\n";

static const char middle[] = "		return\n"
			     "	fi\n"
			     "	case ${COMP_WORDS[1]} in\n";

static const char last[] = "	esac\n"
			   "	if [[ $cur == -* ]]; then\n"
			   "		_larder_words \"$options\"\n"
			   "		return\n"
			   "	fi\n"
			   "	_larder_words \"$words\"\n"
			   "	[[ -z $files ]] || _larder_files\n"
			   "}\n"
			   "\n"
			   "complete -F _larder larder\n";

/* What comes after an option that takes a value. */
static void put_value(const struct help_row *row)
{
	char words[HELP_WORDS_MAX];
	bool files = help_words(row->value, words);

	printf("\t\t--%s", row->name);
	if (row->letter != 0)
		printf(" | -%c", row->letter);
	printf(")\n");
	if (words[0] != '\0')
		printf("\t\t\t_larder_words '%s'\n", words);
	if (files)
		printf("\t\t\t_larder_files\n");
	printf("\t\t\treturn\n\t\t\t;;\n");
}

static void put_command(void *arg, const struct options *o)
{
	char words[HELP_WORDS_MAX];
	struct help_row row;
	bool files, any = false;
	size_t i;

	printf("\t%s)\n\t\toptions='", o->name);
	for (i = 0; help_row(o, i, &row); i++) {
		printf("%s--%s", i > 0 ? " " : "", row.name);
		if (row.letter != 0)
			printf(" -%c", row.letter);
		any = any || row.value != NULL;
	}
	files = help_words(o->operands, words);
	printf("'\n\t\twords='%s'\n\t\tfiles=%s\n", words, files ? "yes" : "");
	if (any)
		printf("\t\tcase $prev in\n");
	for (i = 0; help_row(o, i, &row); i++)
		if (row.value != NULL)
			put_value(&row);
	if (any)
		printf("\t\tesac\n");
	printf("\t\t;;\n");
}

void complete_bash(void)
{
	const struct command *c;

	printf("%s\t\t_larder_words '--help --version", first);
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		printf(" %s", c->name);
	printf("'\n%s", middle);
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		command_show(c, put_command, NULL);
	printf("%s", last);
}
