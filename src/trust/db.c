/*
 * db.c - what the readers of databases share: lines, fields, flaws.
 */
#include "trust/db.h"

#include <stdio.h>
#include <string.h>

uint32_t db_be32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint32_t db_le32(const char *p)
{
	return __builtin_bswap32(db_be32(p));
}

void db_flaw(struct db_out *out, struct view text, const char *at, const char *why)
{
	size_t line = 1;
	const char *p;

	if (out->flaws++ > 0)
		return;
	for (p = text.p; p != NULL && p < at; p++)
		line += *p == '\n';
	if (at != NULL)
		snprintf(out->flaw, sizeof(out->flaw), "line %zu: %.150s", line, why);
	else
		snprintf(out->flaw, sizeof(out->flaw), "%.190s", why);
}

int db_add(struct db_out *out, struct package_found *found, struct view text,
	   const char *at, struct err *e)
{
	struct err why = { 0 };

	found->path = out->path;
	found->layer = out->layer;
	if (packages_add(out->list, found, &why) == 0)
		return 0;
	if (why.kind == ERR_LIMIT)
		return err_set(e, ERR_LIMIT, "%s", why.msg);
	db_flaw(out, text, at, why.msg);
	return 0;
}

bool db_line(struct view *text, struct view *line)
{
	const char *end;

	if (text->n == 0)
		return false;
	end = memchr(text->p, '\n', text->n);
	line->p = text->p;
	line->n = end != NULL ? (size_t)(end - text->p) : text->n;
	text->p += line->n + (end != NULL);
	text->n -= line->n + (end != NULL);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool db_field(struct view *text, struct view *name, struct view *value)
{
	const char *colon;
	struct view line;

	do
		if (!db_line(text, &line))
			return false;
	while (line.n > 0 && (*line.p == ' ' || *line.p == '\t'));
	if (line.n == 0)
		return false;
	colon = memchr(line.p, ':', line.n);
	*name = *value = (struct view){ line.p, 0 };
	if (colon == NULL)
		return true;
	name->n = (size_t)(colon - line.p);
	value->p = colon + 1;
	value->n = line.n - name->n - 1;
	*value = view_trim(*value);
	return true;
}

/* Cut what is after the last dash from *v. */
static bool cut_last(struct view *v, struct view *last)
{
	const char *dash = v->n > 0 ? memrchr(v->p, '-', v->n) : NULL;

	if (dash == NULL)
		return false;
	last->p = dash + 1;
	last->n = (size_t)(v->p + v->n - last->p);
	v->n = (size_t)(dash - v->p);
	return true;
}

void db_source_rpm(struct view file, struct view epoch, struct view *name,
		   struct buf *version)
{
	struct view kind, v, release;

	*name = (struct view){ NULL, 0 };
	buf_clear(version);
	if (file.n > 4 && memcmp(file.p + file.n - 4, ".rpm", 4) == 0)
		file.n -= 4;
	kind.p = file.n > 0 ? memrchr(file.p, '.', file.n) : NULL; /* ".src", ".nosrc" */
	if (kind.p == NULL)
		return;
	file.n = (size_t)(kind.p - file.p);
	if (!cut_last(&file, &release) || !cut_last(&file, &v) || file.n == 0)
		return;
	if ((epoch.n > 0 &&
	     (buf_add(version, epoch.p, epoch.n) != 0 || buf_adds(version, ":") != 0)) ||
	    buf_add(version, v.p, v.n) != 0 || buf_adds(version, "-") != 0 ||
	    buf_add(version, release.p, release.n) != 0) {
		buf_clear(version);
		return;
	}
	*name = file;
}
