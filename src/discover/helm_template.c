/*
 * helm_template.c - lines of templates. No state but the caller's.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "discover/helm.h"
#include "discover/helm_expr.h"
#include "oci/imageref.h"

#define VALUES ".Values."

static struct view next_line(struct view *text)
{
	const char *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
	struct view line = { text->p, end != NULL ? (size_t)(end - text->p) : text->n };

	text->p += line.n + (end != NULL);
	text->n -= line.n + (end != NULL);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* The next .Values.PATH of v, which loses it. To be freed; NULL: there is none. */
static char *next_path(struct view *v)
{
	const char *at = v->n > 0 ? memmem(v->p, v->n, VALUES, strlen(VALUES)) : NULL;
	const char *p, *end;

	if (at == NULL)
		return NULL;
	p = at + strlen(VALUES);
	end = v->p + v->n;
	for (at = p;
	     at < end && (isalnum((unsigned char)*at) || *at == '_' || *at == '.'); at++)
		;
	*v = (struct view){ at, (size_t)(end - at) };
	return mem_dupn(p, (size_t)(at - p));
}

/* --- tags that are appVersion --- */

static void note_tags(struct helm *h, struct view text)
{
	while (text.n > 0) {
		struct view line = next_line(&text), rest = line;
		bool v = memmem(line.p, line.n, "\"v%s\" .Chart.AppVersion", 23) != NULL;
		char *path;

		if (line.n == 0 ||
		    memmem(line.p, line.n, ".Chart.AppVersion", 17) == NULL)
			continue;
		while ((path = next_path(&rest)) != NULL) {
			size_t n = strlen(path);

			bool tag = n > 4 && strcmp(path + n - 4, ".tag") == 0;

			if (tag)
				path[n - 4] = '\0';
			/* Or a whole image is handed on with it. */
			if (tag || (n >= 5 && strcasecmp(path + n - 5, "image") == 0))
				vars_set(&h->tags, path, v ? "v" : "");
			mem_freep(&path);
		}
	}
}

void helm_template_tags(struct helm *h)
{
	size_t i;

	for (i = 0; i < h->templates; i++)
		note_tags(h, h->template[i].text);
}

/* --- images --- */

/* Is path, or what it is part of or has as a part, an image of the values? */
static bool is_found(const struct helm *h, const char *path)
{
	size_t i;

	for (i = 0; i < h->blocks.n; i++) {
		const char *block = h->blocks.v[i].name;
		size_t a = strlen(block), b = strlen(path), n = a < b ? a : b;

		if (n > 0 && strncmp(block, path, n) == 0 &&
		    (a == b || (a > b ? block[n] : path[n]) == '.'))
			return true;
	}
	return false;
}

static bool any_found(const struct helm *h, struct view v)
{
	char *path;

	while ((path = next_path(&v)) != NULL) {
		bool found = is_found(h, path);

		mem_freep(&path);
		if (found)
			return true;
	}
	return false;
}

/* What {{ define "NAME" }} has up to the next define. n 0: there is none. */
static struct view body_of(struct helm *h, struct view name)
{
	CLEANUP(mem_freep)
	char *mark = mem_fmt("define \"%.*s\"", (int)name.n, name.p);
	size_t i;

	for (i = 0; i < h->templates; i++) {
		struct view v = h->template[i].text;
		const char *at, *end;

		if (h->searched > HELM_MAX_SEARCH)
			break;
		h->searched += v.n;
		at = memmem(v.p, v.n, mark, strlen(mark));
		if (at == NULL)
			continue;
		at += strlen(mark);
		v = (struct view){ at, v.n - (size_t)(at - v.p) };
		end = memmem(v.p, v.n, "define \"", 8);
		if (end != NULL)
			v.n = (size_t)(end - v.p);
		return v;
	}
	return (struct view){ NULL, 0 };
}

/* The value names images of the values, itself or in what it includes. */
static bool is_taken(struct helm *h, struct view value)
{
	static const char *const words[] = { "include \"", "template \"" };
	const char *at = NULL, *end;
	size_t i;

	if (any_found(h, value))
		return true;
	for (i = 0; i < ARRAY_LEN(words) && at == NULL; i++) {
		at = memmem(value.p, value.n, words[i], strlen(words[i]));
		if (at != NULL)
			at += strlen(words[i]);
	}
	if (at == NULL)
		return false;
	end = memchr(at, '"', value.n - (size_t)(at - value.p));
	return end != NULL && end - at < 200 &&
	       any_found(h, body_of(h, (struct view){ at, (size_t)(end - at) }));
}

static int evaluate(const struct helm *h, struct view v, struct buf *out, struct err *e)
{
	while (v.n > 0) {
		const char *open = memmem(v.p, v.n, "{{", 2), *close;
		size_t n = open != NULL ? (size_t)(open - v.p) : v.n;
		struct view inside;

		if (buf_add(out, v.p, n) != 0)
			return err_set(e, ERR_LIMIT, "too long");
		if (open == NULL)
			return 0;
		v.p += n + 2;
		v.n -= n + 2;
		close = memmem(v.p, v.n, "}}", 2);
		if (close == NULL)
			return err_set(e, ERR_INVALID, "{{ without }}");
		inside = (struct view){ v.p, (size_t)(close - v.p) };
		v.n -= inside.n + 2;
		v.p = close + 2;
		if (inside.n > 0 && inside.p[0] == '-')
			inside = (struct view){ inside.p + 1, inside.n - 1 };
		if (inside.n > 0 && inside.p[inside.n - 1] == '-')
			inside.n--;
		if (helm_expr_read(inside, h->values, h->chart, out, e) != 0)
			return -1;
	}
	return 0;
}

/* "image: VALUE", also as an entry of a list: VALUE without its quotes. n 0: no. */
static struct view value_of(struct view line)
{
	const struct view none = { NULL, 0 };
	struct view v = view_trim(line);

	while (view_starts(v, "- "))
		v = view_trim((struct view){ v.p + 2, v.n - 2 });
	if (!view_starts(v, "image:"))
		return none;
	v = view_trim((struct view){ v.p + 6, v.n - 6 });
	if (v.n > 1 && (v.p[0] == '"' || v.p[0] == '\'')) {
		size_t n = v.n - 1;

		while (n > 0 && v.p[n] != v.p[0])
			n--;
		v = (struct view){ v.p + 1, n > 0 ? n - 1 : v.n - 1 };
	} else if (memmem(v.p, v.n, "{{", 2) == NULL) {
		size_t n = 0;

		while (n < v.n && v.p[n] != ' ' && v.p[n] != '\t')
			n++;
		v.n = n;
	}
	return v.n > 0 && v.p[0] != '#' && v.p[0] != '&' && v.p[0] != '*' ? v : none;
}

/* A template gave values without a tag one. */
static void note_given(struct helm *h, struct view v)
{
	char *path;
	size_t i;

	while (h->npending > 0 && (path = next_path(&v)) != NULL) {
		for (i = 0; i < h->npending; i++) {
			size_t n = strlen(h->pending[i].path);

			if (strncmp(path, h->pending[i].path, n) == 0 && path[n] == '.')
				h->pending[i].given = true;
		}
		mem_freep(&path);
	}
}

static void read_line(struct helm *h, struct reading *r, struct view v, unsigned line)
{
	CLEANUP(buf_done)
	struct buf image = BUF_INIT(FIND_MAX_TEXT);
	CLEANUP(mem_freep)
	char *text = mem_dupn(v.p, v.n);
	struct find f = { .where = "image", .text = text, .line = line };
	struct err why = { 0 };
	struct imageref ref;

	f.off = (size_t)(v.p - r->text.p);
	f.len = v.n;
	if (memmem(v.p, v.n, "{{", 2) == NULL) {
		reading_add(r, f, text);
	} else if (evaluate(h, v, &image, &why) == 0) {
		if (imageref_parse(buf_view(&image), &ref, NULL) == 0) {
			note_given(h, v);
			if (vars_get(&h->images, buf_str(&image)) == NULL)
				reading_add(r, f, buf_str(&image));
		} else if (!is_taken(h, v)) {
			f.why = "values.yaml does not have all of it";
			reading_add(r, f, NULL);
		}
	} else if (!is_taken(h, v)) {
		f.why = why.msg;
		reading_add(r, f, NULL);
	}
}

void helm_template(struct helm *h, struct reading *r)
{
	struct view rest = r->text;
	unsigned line;

	for (line = 1; rest.n > 0 && r->rc == 0; line++) {
		struct view v = value_of(next_line(&rest));

		if (v.n > 0)
			read_line(h, r, v, line);
	}
}
