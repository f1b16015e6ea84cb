/*
 * help.c - --help, and what the other forms of it share. No state.
 */
#include "app/help.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "settings/setting_help.h"
#include "base/buf.h"

#define WIDTH 80
#define COLUMN 26 /* where what an option does begins */

/* --- parts --- */

/* A flag of the settings, unless the command has an option of that name. */
static bool setting_row(const struct options *o, size_t i, struct help_row *out)
{
	const struct option *own;
	struct setting_flag flag;

	for (size_t k = 0; setting_help_flag(k, &flag); k++) {
		for (own = o->row; own->name != NULL; own++)
			if (strcmp(own->name, flag.name) == 0)
				break;
		if (own->name != NULL || i-- > 0)
			continue;
		*out = (struct help_row){
			.name = flag.name,
			.value = flag.value,
			.what = flag.what,
			.fallback = flag.fallback,
			.is_setting = true,
		};
		return true;
	}
	return false;
}

bool help_row(const struct options *o, size_t i, struct help_row *out)
{
	const struct option *own;

	for (own = o->row; own->name != NULL; own++) {
		if (i-- > 0)
			continue;
		*out = (struct help_row){
			.name = own->name,
			.letter = own->letter,
			.value = own->value,
			.what = own->what,
			.many = own->kind == OPTION_MANY,
		};
		return true;
	}
	if (i-- == 0) {
		*out = (struct help_row){ .name = "help",
					  .letter = 'h',
					  .what = "Print this help." };
		return true;
	}
	if (!o->has_settings)
		return false;
	if (i-- > 0)
		return setting_row(o, i, out);
	*out = (struct help_row){
		.name = "config",
		.value = "FILE",
		.what = "Configuration file, in registry:2's form.",
		.is_setting = true,
	};
	return true;
}

static void add_word(char out[HELP_WORDS_MAX], const char *word, size_t n)
{
	size_t used = strlen(out);

	snprintf(out + used, HELP_WORDS_MAX - used, "%s%.*s", used > 0 ? " " : "", (int)n,
		 word);
}

bool help_words(const char *value, char out[HELP_WORDS_MAX])
{
	const struct command *c;
	bool files = false;

	out[0] = '\0';
	for (const char *p = value; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, "[]|."), k;
		struct view word = { p, n };

		for (k = 0; k < n && (islower((unsigned char)p[k]) ||
				      isdigit((unsigned char)p[k]) || p[k] == '-');)
			k++;
		if (view_is(word, "FILE") || view_is(word, "PATH"))
			files = true;
		else if (view_is(word, "COMMAND"))
			for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
				add_word(out, c->name, strlen(c->name));
		else if (n > 0 && k == n)
			add_word(out, p, n);
		p += n + (p[n] != '\0');
	}
	return files;
}

size_t help_brief(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && !(strchr(".:;", text[n]) != NULL &&
				    (text[n + 1] == ' ' || text[n + 1] == '\0')))
		n++;
	return n;
}

void help_usage(const struct options *o, char out[HELP_USAGE_MAX])
{
	bool any = o->row->name != NULL || o->has_settings;

	snprintf(out, HELP_USAGE_MAX, "larder %s%s%s%s", o->name, any ? " [options]" : "",
		 o->operands != NULL ? " " : "", o->operands != NULL ? o->operands : "");
}

bool help_exit(const struct options *o, size_t i, struct help_exit *out)
{
	if (o->partly == NULL && i >= EXIT_PARTLY)
		i++;
	switch (i) {
	case EXIT_DONE:
		*out = (struct help_exit){ EXIT_DONE, o->done };
		return true;
	case EXIT_FAILED:
		*out = (struct help_exit){ EXIT_FAILED, o->failed };
		return true;
	case EXIT_PARTLY:
		*out = (struct help_exit){ EXIT_PARTLY, o->partly };
		return true;
	case EXIT_PARTLY + 1:
		*out = (struct help_exit){ EXIT_WRONG_USE,
					   "wrong use: an option, an argument or a "
					   "setting is not as it should be" };
		return true;
	default:
		return false;
	}
}

/* --- lines --- */

/* The same where the cursor is in column at already. */
static void wrap_from(size_t at, const char *text, size_t indent)
{
	const size_t room = WIDTH - indent;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (n > room)
			for (n = room; n > 0 && text[n] != ' ';)
				n--;
		if (n == 0)
			n = strcspn(text, " \n");
		printf("%*s%.*s\n", (int)(indent - at), "", (int)n, text);
		text += n;
		for (at = 0; *text == '\n'; text++)
			putchar('\n');
		text += *text == ' ';
	}
}

void help_wrap(const char *text, size_t indent)
{
	wrap_from(0, text, indent);
}

static void print_row(const struct help_row *row)
{
	char left[120], what[1024];
	int n;

	n = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
		     row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
		     row->value != NULL ? " " : "", row->value != NULL ? row->value : "");
	snprintf(what, sizeof(what), "%s%s%s%s", row->what,
		 row->fallback != NULL ? " (default " : "",
		 row->fallback != NULL ? row->fallback : "",
		 row->fallback != NULL ? ")" : "");
	printf("%s", left);
	if (n >= COLUMN) {
		putchar('\n');
		n = 0;
	}
	wrap_from((size_t)n, what, COLUMN);
}

void help_print(const struct options *o)
{
	char usage[HELP_USAGE_MAX];
	bool settings = false;
	struct help_exit ends;
	struct help_row row;

	help_usage(o, usage);
	printf("usage: %s\n\n", usage);
	help_wrap(o->about, 0);
	putchar('\n');
	for (size_t i = 0; help_row(o, i, &row); i++) {
		if (row.is_setting && !settings)
			printf("\nSettings, which can stand in variables and in a file, "
			       "too (larder help\nsettings):\n\n");
		settings = row.is_setting;
		print_row(&row);
	}
	printf("\nExit status:\n\n");
	for (size_t i = 0; help_exit(o, i, &ends); i++) {
		size_t column = (size_t)printf("  %-3d  ", ends.status);

		wrap_from(column, ends.what, column);
	}
}

int help_end(const char *name)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_DONE;
	fprintf(stderr, "larder %s: cannot write: %s\n", name, strerror(errno));
	return EXIT_FAILED;
}
