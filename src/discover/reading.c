/*
 * reading.c - from what a reader sees to a find. No state of its own.
 */
#include "discover/reading.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "oci/imageref.h"

#define SHOWN 100 /* bytes of what is too long for an image */

/* Forms that programs of all kinds look for. */
static bool is_placeholder(const char *image)
{
	static const char *const marks[] = { "$", "{{", "<%", "%%", "@@", "__", "#{" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++)
		if (strstr(image, marks[i]) != NULL)
			return true;
	return false;
}

void reading_add(struct reading *r, struct find f, const char *image)
{
	struct imageref ref;
	struct err why = { 0 };

	CLEANUP(mem_freep)
	char *cut = NULL;

	if (r->rc != 0)
		return;
	if (strnlen(f.text, FIND_MAX_TEXT + 1) > FIND_MAX_TEXT)
		f.text = cut = mem_dupn(f.text, SHOWN);
	f.kind = r->kind;
	f.file = r->file;
	if (f.platform == NULL)
		f.platform = "";
	f.image = "";
	if (image != NULL && strlen(image) > FIND_MAX_TEXT)
		f.why = "too long for an image";
	else if (image != NULL && imageref_parse(view_of(image), &ref, &why) != 0)
		f.why = is_placeholder(image) ? "it has a placeholder that another "
						"program fills in"
					      : why.msg;
	else if (image != NULL)
		f.image = image;
	if (f.image[0] != '\0')
		f.why = "";
	/* What cannot be said cannot be changed either, nor what is put together. */
	if (f.image[0] == '\0' || strcmp(f.image, f.text) != 0 || f.len != strlen(f.text))
		f.len = 0;
	r->rc = finds_add(r->finds, &f, r->e);
}

void reading_node(struct reading *r, const struct yaml *y, const char *where,
		  const char *image)
{
	struct find f = { .where = where };

	if (reading_text(y) == NULL)
		return;
	f.line = (unsigned)y->line;
	f.text = y->text;
	f.off = y->at;
	f.len = y->len;
	reading_add(r, f, image != NULL ? image : y->text);
}

void reading_tail(struct reading *r, const struct yaml *y, size_t skip, const char *where)
{
	struct find f = { .where = where };

	if (reading_text(y) == NULL || skip > strlen(y->text))
		return;
	f.line = (unsigned)y->line;
	f.text = y->text + skip;
	f.off = y->at + (y->len > 0 ? skip : 0);
	f.len = y->len > 0 ? y->len - skip : 0;
	reading_add(r, f, f.text);
}

void reading_unknown(struct reading *r, const struct yaml *y, const char *where,
		     const char *why)
{
	struct find f = { .where = where, .why = why };

	if (y == NULL)
		return;
	f.line = (unsigned)y->line;
	f.text = y->text != NULL ? y->text : "";
	f.off = y->at;
	reading_add(r, f, NULL);
}

void reading_expand(struct reading *r, const struct yaml *y, const char *where,
		    struct expand *x)
{
	CLEANUP(buf_done)
	struct buf image = BUF_INIT(FIND_MAX_TEXT);
	struct err why = { 0 };

	if (reading_text(y) == NULL)
		return;
	if (expand_text(x, view_of(y->text), &image, &why) != 0)
		reading_unknown(r, y, where, why.msg);
	else
		reading_node(r, y, where, buf_str(&image));
}

void reading_build(struct reading *r, struct build b)
{
	if (r->rc != 0)
		return;
	b.kind = r->kind;
	b.file = r->file;
	r->rc = builds_add(r->builds, &b, r->e);
}

void reading_made(struct reading *r, const char *image)
{
	char text[IMAGEREF_TEXT_MAX];
	struct imageref ref;

	if (r->made == NULL || image == NULL ||
	    imageref_parse(view_of(image), &ref, NULL) != 0)
		return;
	imageref_text(&ref, text);
	vars_set(r->made, text, "");
}

void reading_inner(struct reading *r, const struct yaml *y, const char *where,
		   const struct finds *inner)
{
	size_t i;

	for (i = 0; i < inner->n && r->rc == 0; i++) {
		CLEANUP(mem_freep)
		char *both = mem_fmt("%s %s", where, inner->v[i]->where);
		struct find f = *inner->v[i];

		f.kind = r->kind;
		f.file = r->file;
		f.where = both;
		f.line += (unsigned)y->line;
		f.off = y->at;
		f.len = 0;
		r->rc = finds_add(r->finds, &f, r->e);
	}
}

const char *reading_text(const struct yaml *y)
{
	return y != NULL && y->kind == YAML_SCALAR ? y->text : NULL;
}

const struct yaml *reading_down(const struct yaml *map, const char *key, ...)
{
	va_list more;

	va_start(more, key);
	for (; key != NULL && map != NULL; key = va_arg(more, const char *))
		map = yaml_get(map, key);
	va_end(more);
	return map;
}
