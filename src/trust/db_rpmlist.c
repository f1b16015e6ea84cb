/*
 * db_rpmlist.c - the list that images of rpm packages without rpm have of them.
 */
#include "trust/db.h"

#include <string.h>

#include "base/mem.h"

enum { NAME, VERSION, ARCH = 7, EPOCH, SOURCE, FIELDS };

static struct view cut(struct view *line)
{
	const char *tab = line->n > 0 ? memchr(line->p, '\t', line->n) : NULL;
	struct view word = { line->p, tab != NULL ? (size_t)(tab - line->p) : line->n };

	line->p += word.n + (tab != NULL);
	line->n -= word.n + (tab != NULL);
	return word;
}

static int add(struct view line, struct db_out *out, struct view text, struct err *e)
{
	CLEANUP(buf_done)
	struct buf version = BUF_INIT(2 * PACKAGE_TEXT_MAX);
	CLEANUP(buf_done)
	struct buf source = BUF_INIT(2 * PACKAGE_TEXT_MAX);
	struct package_found f = { .kind = PACKAGE_RPM };
	const char *at = line.p;
	struct view field[FIELDS];
	size_t i;

	for (i = 0; i < FIELDS; i++)
		field[i] = cut(&line);
	if (view_is(field[EPOCH], "0") || view_is(field[EPOCH], "(none)"))
		field[EPOCH].n = 0;
	if ((field[EPOCH].n > 0 &&
	     (buf_add(&version, field[EPOCH].p, field[EPOCH].n) != 0 ||
	      buf_adds(&version, ":") != 0)) ||
	    buf_add(&version, field[VERSION].p, field[VERSION].n) != 0) {
		db_flaw(out, text, at, "a package whose version is too long");
		return 0;
	}
	f.name = field[NAME];
	if (field[VERSION].n > 0)
		f.version = buf_view(&version);
	f.arch = field[ARCH];
	db_source_rpm(field[SOURCE], field[EPOCH], &f.source, &source);
	f.source_version = buf_view(&source);
	return db_add(out, &f, text, at, e);
}

int db_rpmlist_read(struct view text, struct db_out *out, struct err *e)
{
	struct view left = text, line;

	while (db_line(&left, &line))
		if (line.n > 0 && add(line, out, text, e) != 0)
			return -1;
	return 0;
}
