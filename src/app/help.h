/*
 * help.h - what a command's options (app/options.h) say to people: as --help, and in
 * parts, for the other forms that are made of them: manual pages (help_man.h), a page of
 * documentation (help_markdown.h) and completion (complete.h). All of it goes to standard
 * output.
 *
 * Values and operands are named so: alternatives with "|" between them, of which those in
 * lower case are typed as they are; FILE and PATH are names of files, COMMAND one of
 * larder's commands, and other capitals anything. Brackets and dots around are for
 * people.
 */
#ifndef LARDER_APP_HELP_H
#define LARDER_APP_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "app/options.h"

#define HELP_WORDS_MAX 512

/* One option, wherever it comes from. */
struct help_row {
	const char *name;     /* without the dashes */
	char letter;	      /* or 0 */
	const char *value;    /* NULL: it takes none */
	const char *what;     /* a sentence or two */
	const char *fallback; /* of a setting; NULL: none; valid until the next row */
	bool is_setting;      /* these come last */
	bool many;	      /* may be given more than once */
};

/* The i-th option of a command, --help and settings' flags included. False: there are not
 * so many. */
bool help_row(const struct options *o, size_t i, struct help_row *out);

/* What can be typed for a value or an operand: out gets the words, with spaces between
 * them. True: names of files, too. value may be NULL. */
bool help_words(const char *value, char out[HELP_WORDS_MAX]);

/* The length of what stands before its first full stop, colon or semicolon. */
size_t help_brief(const char *text);

/* "larder pull [options] [IMAGE...]" */
#define HELP_USAGE_MAX 256
void help_usage(const struct options *o, char out[HELP_USAGE_MAX]);

/* The exit statuses that a command has, from the first on. False after the last. */
struct help_exit {
	int status;
	const char *what;
};
bool help_exit(const struct options *o, size_t i, struct help_exit *out);

/* The words of text in lines of 80 columns, each after so many spaces. */
void help_wrap(const char *text, size_t indent);

void help_print(const struct options *o); /* --help */

/* After printing: an exit status; says so if not all could be written. name: the
 * command's. */
int help_end(const char *name);

#endif
