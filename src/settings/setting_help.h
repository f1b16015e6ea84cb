/*
 * setting_help.h - what people read of the table.
 */
#ifndef LARDER_SETTINGS_SETTING_HELP_H
#define LARDER_SETTINGS_SETTING_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/setting_table.h"
#include "base/buf.h"

struct setting_flag {
	const char *name;     /* without the dashes */
	const char *value;    /* what help calls its value; NULL: it needs none */
	const char *what;     /* a sentence or two */
	const char *fallback; /* NULL: none; valid until the next call in this thread */
};

/* The i-th flag, --print-settings the last. False: there are not so many. */
bool setting_help_flag(size_t i, struct setting_flag *out);

/* Of a row: what sort of value it takes; its fallback, if it has one, without the
 * parentheses of one that is found out at start (valid until the next call in this
 * thread); is it one of registry:2's that do nothing here? */
const char *setting_help_type(enum setting_type type);
const char *setting_help_fallback(const struct setting_row *row);
bool setting_help_is_registrys(const struct setting_row *row);

/* -1: out's limit is too small. */
int setting_help_text(struct buf *out);	    /* all rows, for a terminal */
int setting_help_markdown(struct buf *out); /* all rows, as docs/settings.md */

#endif
