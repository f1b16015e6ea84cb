/*
 * setting_help.h - what people read of the table.
 */
#ifndef LARDER_APP_SETTING_HELP_H
#define LARDER_APP_SETTING_HELP_H

#include "base/buf.h"

/* -1: out's limit is too small. */
int setting_help_flags(struct buf *out);    /* the flags, for --help */
int setting_help_text(struct buf *out);	    /* all rows, for a terminal */
int setting_help_markdown(struct buf *out); /* all rows, as docs/settings.md */

#endif
