/*
 * setting_keep.h - larder.keep: which tags are kept, by pattern.
 */
#ifndef LARDER_SETTINGS_SETTING_KEEP_H
#define LARDER_SETTINGS_SETTING_KEEP_H

#include "settings/setting_table.h"
#include "settings/settings.h"
#include "base/buf.h"
#include "base/err.h"

/* pattern ("local:" before it for repositories that live here) and its rules,
 * "last:5,used:90d", at the end of s->keep. ERR_INVALID. */
int setting_keep_add(struct settings *s, const struct setting_row *row,
		     const char *pattern, const char *rules, struct err *e);
void setting_keep_clear(struct settings *s);
/* The list in a configuration file's form. -1: over out's limit. */
int setting_keep_print(const struct settings *s, struct buf *out);

#endif
