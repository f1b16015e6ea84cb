/*
 * db_dpkg.c - paragraphs of dpkg's status.
 *
 * Status has three words: what is wanted, an error mark, and how it stands. Without it,
 * as in status.d, the package is installed. Source names a version in parentheses where
 * that is another one than the package's (binary-only uploads, sources of several
 * versions).
 */
#include "trust/db.h"

#include <string.h>

struct stanza {
	struct package_found found;
	bool any, gone;
};

static bool is_gone(struct view status)
{
	struct view state;

	view_word(&status);
	view_word(&status);
	state = view_word(&status);
	return view_is(state, "not-installed") || view_is(state, "config-files");
}

/* "glibc (2.36-9)" */
static void take_source(struct view value, struct package_found *f)
{
	const char *open = value.n > 0 ? memchr(value.p, '(', value.n) : NULL;

	f->source = value;
	if (open == NULL)
		return;
	f->source = view_trim((struct view){ value.p, (size_t)(open - value.p) });
	if (value.p[value.n - 1] == ')')
		f->source_version =
			(struct view){ open + 1, (size_t)(value.p + value.n - open) - 2 };
}

static void take(struct stanza *s, struct view name, struct view value)
{
	struct package_found *f = &s->found;

	s->any = true;
	if (view_is_nocase(name, "Package"))
		f->name = value;
	else if (view_is_nocase(name, "Version"))
		f->version = value;
	else if (view_is_nocase(name, "Architecture"))
		f->arch = value;
	else if (view_is_nocase(name, "Source"))
		take_source(value, f);
	else if (view_is_nocase(name, "Status"))
		s->gone = is_gone(value);
}

int db_dpkg_read(struct view text, struct db_out *out, struct err *e)
{
	struct view left = text, name, value;

	while (left.n > 0) {
		struct stanza s = { .found.kind = PACKAGE_DEB };
		const char *at = left.p;

		while (db_field(&left, &name, &value))
			take(&s, name, value);
		if (s.any && !s.gone && db_add(out, &s.found, text, at, e) != 0)
			return -1;
	}
	return 0;
}
