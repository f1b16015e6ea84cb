/*
 * setting_table.h - the one table of settings.
 *
 * A row yields parsing and validation (setting_set.c), flags and variables
 * (setting_args.c, setting_env.c), `larder help` and docs/settings.md (setting_help.c)
 * and --print-settings (settings_print.c). To add a setting: a field in struct settings,
 * and a row here.
 */
#ifndef LARDER_SETTINGS_SETTING_TABLE_H
#define LARDER_SETTINGS_SETTING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTING_DEPTH 8 /* parts of a key */

enum setting_type {
	SETTING_BOOL,
	SETTING_NOT, /* a bool whose field is the opposite */
	SETTING_TEXT,
	SETTING_SECRET, /* text that is never shown */
	SETTING_COUNT,
	SETTING_DURATION,
	SETTING_SIZE,  /* bytes or per cent */
	SETTING_BYTES, /* settings/setting_bytes.h */
	SETTING_AGE,   /* a duration, or "always" for 0 */
	SETTING_LEVEL,
	SETTING_FORMAT,
	SETTING_ADDR,
	SETTING_URL,
	SETTING_HOST,
	SETTING_HEADER,	  /* one or a list of values; the key's last part is the name */
	SETTING_PATTERNS, /* list */
	SETTING_LIST,	  /* of texts: http.tls.clientcas */
	SETTING_ACCESS,	  /* list of rules */
	SETTING_TAGS,	  /* map or list of maps: pattern to age */
	SETTING_KEEP,	  /* the same, or list of texts: pattern to rules */
	SETTING_CREDENTIALS, /* user:password; as a map, rows below it */
	SETTING_VERSION,
	SETTING_TCP, /* the word "tcp" only */
	/* registry:2's, for everything at and below the key: */
	SETTING_SILENT,	 /* has no meaning here, and nobody needs to know */
	SETTING_NOTED,	 /* has no effect here: a warning says so */
	SETTING_REFUSED, /* would be unsafe to leave out: larder does not start */
	SETTING_AUTH,	 /* the same, but for the values "none" and "htpasswd" */
};

struct setting_row {
	const char *key;  /* dotted; "*" for a part that is a name */
	const char *flag; /* without "--"; NULL: none */
	enum setting_type type;
	size_t offset; /* in struct setting_draft; upstreams': in struct draft_upstream */
	int64_t min, max;     /* of numbers, in the field's unit */
	const char *fallback; /* default, as text; in parentheses: found out at start */
	const char *what; /* a sentence or two; for registry:2's, why it has no effect */
};

extern const struct setting_row setting_table_rows[];
extern const size_t setting_table_len;

#endif
