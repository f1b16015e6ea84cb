/*
 * osrelease.c - lines of NAME=value, the value with a shell's quotes or without.
 */
#include "trust/osrelease.h"

#include "trust/db.h"

/* Quotes are taken away; a backslash makes the next character itself, but not inside
 * single quotes. */
static void put(struct view value, char *to, size_t room)
{
	char quote = '\0';
	size_t i, n = 0;

	for (i = 0; i < value.n && n + 1 < room; i++) {
		char c = value.p[i];

		if (quote == '\0' ? c == '"' || c == '\'' : c == quote) {
			quote = quote == '\0' ? c : '\0';
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < value.n)
			c = value.p[++i];
		to[n++] = (unsigned char)c < ' ' || c == 127 ? '?' : c;
	}
	to[n] = '\0';
}

void osrelease_read(struct view text, struct contents_os *out)
{
	const struct {
		const char *name;
		char *to;
		size_t room;
	} rows[] = {
		{ "ID=", out->id, sizeof(out->id) },
		{ "VERSION_ID=", out->version_id, sizeof(out->version_id) },
		{ "VERSION_CODENAME=", out->codename, sizeof(out->codename) },
		{ "PRETTY_NAME=", out->name, sizeof(out->name) },
		{ "ID_LIKE=", out->id_like, sizeof(out->id_like) },
	};
	struct view line;
	size_t i, n;

	while (db_line(&text, &line)) {
		line = view_trim(line);
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			n = view_of(rows[i].name).n;
			if (view_starts(line, rows[i].name))
				put((struct view){ line.p + n, line.n - n }, rows[i].to,
				    rows[i].room);
		}
	}
}

void osrelease_debian(struct view text, struct contents_os *out)
{
	struct view line;

	if (db_line(&text, &line))
		put(view_trim(line), out->debian_version, sizeof(out->debian_version));
}
