/*
 * imagelist.c - reading lists of images. No state.
 */
#include "oci/imagelist.h"

#include <string.h>

#include "base/mem.h"

#define NAME_MAX_LETTERS 128 /* of a variable */
#define PLATFORM_FLAG "--platform="

static bool is_name(struct view v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (!(v.p[i] == '_' || (v.p[i] >= 'a' && v.p[i] <= 'z') ||
		      (v.p[i] >= 'A' && v.p[i] <= 'Z') ||
		      (i > 0 && v.p[i] >= '0' && v.p[i] <= '9')))
			return false;
	return v.n > 0 && v.n < NAME_MAX_LETTERS;
}

/* What stands between ${ and }. */
static int put_variable(const struct imagelist *l, struct view inside, struct buf *out,
			struct err *e)
{
	const char *colon = inside.n > 0 ? memchr(inside.p, ':', inside.n) : NULL;
	struct view name = inside, dflt = { NULL, 0 };
	char text[NAME_MAX_LETTERS];
	const char *value;

	if (colon != NULL) {
		name.n = (size_t)(colon - inside.p);
		dflt = (struct view){ colon + 1, inside.n - name.n - 1 };
		if (dflt.n == 0 || dflt.p[0] != '-')
			return err_set(e, ERR_INVALID,
				       "${%.*s}: of the shell's forms there are ${NAME} "
				       "and ${NAME:-TEXT}",
				       (int)inside.n, inside.p);
		dflt.p++;
		dflt.n--;
	}
	if (!is_name(name))
		return err_set(e, ERR_INVALID, "${%.*s}: not a variable's name",
			       (int)inside.n, inside.p);
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	value = l->variable != NULL ? l->variable(l->arg, text) : NULL;
	if ((value == NULL || *value == '\0') && colon == NULL)
		return err_set(e, ERR_INVALID,
			       "${%s} is not set; set it, or write ${%s:-DEFAULT}", text,
			       text);
	if (value != NULL && *value != '\0')
		dflt = view_of(value);
	if (buf_add(out, dflt.p, dflt.n) != 0)
		return err_set(e, ERR_LIMIT, "longer than %d bytes with ${%s}",
			       IMAGELIST_MAX_LINE, text);
	return 0;
}

static int expand(const struct imagelist *l, struct view line, struct buf *out,
		  struct err *e)
{
	size_t i = 0;

	while (i < line.n) {
		const char *end;

		if (line.p[i] != '$') {
			if (buf_add(out, line.p + i++, 1) != 0)
				return err_set(e, ERR_LIMIT, "longer than %d bytes",
					       IMAGELIST_MAX_LINE);
			continue;
		}
		end = i + 1 < line.n && line.p[i + 1] == '{'
			      ? memchr(line.p + i, '}', line.n - i)
			      : NULL;
		if (end == NULL)
			return err_set(e, ERR_INVALID, "a \"$\" that begins no ${NAME}");
		if (put_variable(l,
				 (struct view){ line.p + i + 2,
						(size_t)(end - line.p) - i - 2 },
				 out, e) != 0)
			return -1;
		i = (size_t)(end - line.p) + 1;
	}
	return 0;
}

int imagelist_platforms(struct view text, struct platform *out, size_t *n, struct err *e)
{
	struct platform found[IMAGELIST_MAX_PLATFORMS];
	size_t count;

	if (platform_list(text, found, IMAGELIST_MAX_PLATFORMS, &count, e) != 0)
		return -1;
	memcpy(out, found, count * sizeof(*found));
	*n = count;
	return 0;
}

static int read_entry(const struct imagelist *l, struct view line,
		      struct imagelist_entry *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(IMAGELIST_MAX_LINE);
	struct imagelist_entry got = { .line = l->line };
	size_t flag = strlen(PLATFORM_FLAG);
	struct view rest, w;

	if (expand(l, line, &text, e) != 0)
		return -1;
	rest = buf_view(&text);
	w = view_word(&rest);
	if (w.n > flag && memcmp(w.p, PLATFORM_FLAG, flag) == 0) {
		w.p += flag;
		w.n -= flag;
		if (imagelist_platforms(w, got.platform, &got.nplatforms, e) != 0)
			return -1;
		w = view_word(&rest);
	}
	if (w.n > 1 && w.p[0] == '-')
		return err_set(e, ERR_INVALID,
			       "\"%.*s\": the only flag in a list is --platform=OS/ARCH",
			       (int)(w.n < 60 ? w.n : 60), w.p);
	if (imageref_parse(w, &got.image, e) != 0)
		return -1;
	rest = view_trim(rest);
	if (rest.n > 0)
		return err_set(e, ERR_INVALID,
			       "one image a line: \"%.*s\" is one too many",
			       (int)(rest.n < 60 ? rest.n : 60), rest.p);
	*out = got;
	return 0;
}

/* Without what follows a "#" that begins a word. */
static struct view without_comment(struct view line)
{
	size_t i;

	for (i = 0; i < line.n; i++)
		if (line.p[i] == '#' &&
		    (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			line.n = i;
	return view_trim(line);
}

int imagelist_next(struct imagelist *l, struct imagelist_entry *out, struct err *e)
{
	while (l->text.n > 0) {
		const char *end = memchr(l->text.p, '\n', l->text.n);
		struct view line = { l->text.p, end != NULL ? (size_t)(end - l->text.p)
							    : l->text.n };

		l->line++;
		l->text.p += line.n + (end != NULL);
		l->text.n -= line.n + (end != NULL);
		if (line.n > IMAGELIST_MAX_LINE)
			return err_set(e, ERR_LIMIT, "longer than %d bytes",
				       IMAGELIST_MAX_LINE);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = without_comment(line);
		if (line.n > 0)
			return read_entry(l, line, out, e) == 0 ? 1 : -1;
	}
	return 0;
}
