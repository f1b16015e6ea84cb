/*
 * dockerfile.c - what the instructions of a Dockerfile say of images.
 *
 * Twice through the file: first for the names of all stages, because COPY --from may name
 * one that comes later; then for the images.
 */
#include "discover/dockerfile.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "discover/docklines.h"
#include "discover/dockwords.h"

struct walk {
	struct reading *r;
	const struct dockerfile *d;
	struct docklines lines;
	struct view line;   /* the instruction */
	struct map *stage;  /* small letters; the value is its number, from 1 */
	size_t stages;	    /* in all */
	size_t here;	    /* stages begun so far */
	struct vars global; /* ARGs before the first FROM, with what is given for them */
	struct expand expand;
	bool used_platform; /* an automatic variable of a platform was put in */
};

/* --- variables --- */

static const char *platform_part(const struct platform *p, const char *part,
				 char text[100])
{
	if (strcmp(part, "PLATFORM") == 0) {
		platform_text(p, text);
		return text;
	}
	if (strcmp(part, "OS") == 0)
		return p->os;
	if (strcmp(part, "ARCH") == 0)
		return p->arch;
	if (strcmp(part, "VARIANT") == 0)
		return p->variant;
	return NULL;
}

static const char *value_of(void *arg, const char *name)
{
	struct walk *w = arg;
	const char *value = vars_get(&w->global, name), *part = NULL;
	static _Thread_local char text[100];

	if (value != NULL)
		return value;
	if (w->d->args != NULL &&
	    (strncmp(name, "TARGET", 6) == 0 || strncmp(name, "BUILD", 5) == 0)) {
		value = vars_get(w->d->args, name);
		if (value != NULL)
			return value;
	}
	if (strncmp(name, "TARGET", 6) == 0)
		part = platform_part(&w->d->target, name + 6, text);
	else if (strncmp(name, "BUILD", 5) == 0)
		part = platform_part(&w->d->build, name + 5, text);
	w->used_platform = w->used_platform || part != NULL;
	return part;
}

static int expand(struct walk *w, struct view text, struct buf *out, struct err *e)
{
	w->expand.escape = w->lines.escape;
	return expand_text(&w->expand, text, out, e);
}

static struct view part(const struct walk *w, struct dockword word)
{
	return (struct view){ w->line.p + word.i, word.n };
}

/* ARG NAME, ARG NAME=VALUE, several of them. */
static void read_arg(struct walk *w, size_t i)
{
	for (;;) {
		struct dockword word = dockwords_quoted(w->line, &i, w->lines.escape);
		CLEANUP(buf_done)
		struct buf value = BUF_INIT(FIND_MAX_TEXT);
		CLEANUP(mem_freep)
		char *name = NULL;
		struct view v = part(w, word);
		const char *equals, *given;

		if (word.n == 0)
			return;
		equals = memchr(v.p, '=', v.n);
		name = mem_dupn(v.p, equals != NULL ? (size_t)(equals - v.p) : v.n);
		given = w->d->args != NULL ? vars_get(w->d->args, name) : NULL;
		if (given != NULL) {
			vars_set(&w->global, name, given);
		} else if (equals != NULL) {
			size_t at = (size_t)(equals - v.p) + 1;
			int bad = expand(w, (struct view){ v.p + at, v.n - at }, &value,
					 NULL);

			vars_set(&w->global, name, bad == 0 ? buf_str(&value) : NULL);
		}
	}
}

/* --- stages --- */

static size_t stage_number(const struct walk *w, const char *name)
{
	CLEANUP(mem_freep)
	char *small = mem_dup(name);
	char *p;

	for (p = small; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return (size_t)(uintptr_t)map_get(w->stage, small);
}

static bool is_context(const struct walk *w, const char *name)
{
	return w->d->contexts != NULL && vars_get(w->d->contexts, name) != NULL;
}

/* The words after FROM's flags: how many, up to four. */
static size_t from_words(const struct walk *w, size_t i, struct dockword word[4])
{
	size_t n = 0;

	while (n < 4 && (word[n] = dockwords_next(w->line, &i)).n > 0)
		n++;
	return n;
}

static size_t pass_flags(const struct walk *w, size_t i)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(FIND_MAX_TEXT);

	while (dockwords_flag(w->line, &i, w->lines.escape, &text).n > 0)
		;
	return i;
}

static void note_stage(struct walk *w, size_t i)
{
	struct dockword word[4];
	char *name, *p;

	w->stages++;
	if (from_words(w, pass_flags(w, i), word) != 3)
		return;
	name = mem_dupn(w->line.p + word[2].i, word[2].n);
	for (p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (map_get(w->stage, name) == NULL)
		map_put(w->stage, name, (void *)(uintptr_t)w->stages);
	free(name);
}

/* --- places --- */

/* Where in word image stands letter by letter, of a source as the value of its last
 * "from"; or NULL. */
static const char *literal(struct view word, const char *image, bool source)
{
	CLEANUP(mem_freep)
	char *text = NULL;
	const char *at, *found = NULL, *end = word.p + word.n;
	size_t n;

	if (image == NULL || image[0] == '\0')
		return NULL;
	if (!source)
		return memmem(word.p, word.n, image, strlen(image));
	text = mem_fmt("from=%s", image);
	n = strlen(text);
	for (at = word.p; (at = memmem(at, (size_t)(end - at), text, n)) != NULL; at++) {
		const char *after = at + n;

		if (at > word.p && strchr(",=-\"'", at[-1]) != NULL &&
		    (after == end || strchr(",\"'", *after) != NULL))
			found = at + 5;
	}
	return found;
}

/* A place: text as it is written in word, image what it has become; or why not. */
static void add(struct walk *w, const char *where, struct dockword word, const char *text,
		const char *image, const char *why, const char *platform)
{
	struct view raw = part(w, word);
	const char *at = literal(raw, image, strcmp(where, "FROM") != 0);
	struct find f = { .where = where,
			  .text = text,
			  .why = why,
			  .platform = platform,
			  .line = docklines_line(&w->lines, word.i) };

	f.off = docklines_off(&w->lines, word.i, 1);
	if (at != NULL) {
		size_t i = word.i + (size_t)(at - raw.p);
		size_t off = docklines_off(&w->lines, i, strlen(image));

		f.line = docklines_line(&w->lines, i);
		if (off != SIZE_MAX) {
			f.off = off;
			f.len = strlen(image);
		}
	}
	reading_add(w->r, f, image);
}

/* The platform that a FROM asks for, "" where it says none that is known. */
static void read_platform(struct walk *w, const char *value, char out[100])
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(FIND_MAX_PLATFORM);
	struct platform p;

	w->used_platform = false;
	out[0] = '\0';
	if (expand(w, view_of(value), &text, NULL) == 0 &&
	    platform_parse(buf_view(&text), &p, NULL) == 0 &&
	    !(w->used_platform && w->d->any_platform))
		platform_text(&p, out);
}

static void read_from(struct walk *w, size_t i)
{
	CLEANUP(buf_done)
	struct buf flag = BUF_INIT(FIND_MAX_TEXT);
	CLEANUP(buf_done)
	struct buf image = BUF_INIT(FIND_MAX_TEXT);
	CLEANUP(mem_freep)
	char *text = NULL;
	struct dockword word[4];
	char platform[100] = "";
	struct err why = { 0 };
	size_t n, number;

	w->here++;
	while (dockwords_flag(w->line, &i, w->lines.escape, &flag).n > 0)
		if (strncmp(buf_str(&flag), "--platform=", 11) == 0)
			read_platform(w, buf_str(&flag) + 11, platform);
	n = from_words(w, i, word);
	if (n == 0)
		return;
	text = mem_dupn(w->line.p + word[0].i, word[0].n);
	if (n != 1 && !(n == 3 && view_is_nocase(part(w, word[1]), "as"))) {
		add(w, "FROM", word[0], text, NULL,
		    "after FROM there may be an image, AS and a name, no more", platform);
		return;
	}
	if (expand(w, view_of(text), &image, &why) != 0) {
		add(w, "FROM", word[0], text, NULL, why.msg, platform);
		return;
	}
	number = stage_number(w, buf_str(&image));
	if (strcmp(buf_str(&image), "scratch") == 0 || (number > 0 && number < w->here) ||
	    is_context(w, buf_str(&image)))
		return;
	if (n == 3) { /* a context may stand for the stage, too */
		CLEANUP(mem_freep)
		char *name = mem_dupn(w->line.p + word[2].i, word[2].n);

		if (is_context(w, name))
			return;
	}
	/* As it is written, but for the quotes. */
	if (memchr(text, '$', strlen(text)) == NULL && image.n > 0) {
		free(text);
		text = mem_dup(buf_str(&image));
	}
	add(w, "FROM", word[0], text, buf_str(&image), NULL, platform);
}

static bool is_number(const char *s)
{
	return s[0] != '\0' && strspn(s, "0123456789") == strlen(s);
}

/* The value of COPY --from and RUN --mount from. */
static void read_source(struct walk *w, const char *where, struct dockword word,
			const char *value, bool by_number)
{
	bool onbuild = strncmp(where, "ONBUILD", 7) == 0;

	if (strchr(value, '$') != NULL) {
		add(w, where, word, value, NULL,
		    "no variables are put in here; name a stage that is FROM it", NULL);
	} else if (is_number(value)) {
		if (onbuild || (by_number && strtoul(value, NULL, 10) < w->stages))
			return;
		add(w, where, word, value, NULL,
		    by_number ? "there is no stage of that number"
			      : "stages have numbers in COPY --from alone",
		    NULL);
	} else if (value[0] == '\0' || strcmp(value, "scratch") == 0 ||
		   strcmp(value, "context") == 0 || is_context(w, value)) {
		return;
	} else if (onbuild && strpbrk(value, ":/@") == NULL) {
		add(w, where, word, value, NULL,
		    "a stage of the build that this is for, or an image", NULL);
	} else if (stage_number(w, value) == 0) {
		add(w, where, word, value, value, NULL, NULL);
	}
}

static void read_copy(struct walk *w, size_t i, const char *where)
{
	CLEANUP(buf_done)
	struct buf flag = BUF_INIT(FIND_MAX_TEXT);
	struct dockword word;

	while ((word = dockwords_flag(w->line, &i, w->lines.escape, &flag)).n > 0)
		if (strncmp(buf_str(&flag), "--from=", 7) == 0)
			read_source(w, where, word, buf_str(&flag) + 7, true);
}

/* --mount=KEY=VALUE,KEY=VALUE,...: of a key that is there twice, the last counts. */
static void read_mount(struct walk *w, const char *where, struct dockword word,
		       const char *fields)
{
	CLEANUP(mem_freep)
	char *value = NULL;

	while (fields[0] != '\0') {
		size_t n = strcspn(fields, ",");

		if (strncasecmp(fields, "from=", 5) == 0) {
			free(value);
			value = mem_dupn(fields + 5, n - 5);
		}
		fields += n + (fields[n] == ',');
	}
	if (value != NULL)
		read_source(w, where, word, value, false);
}

static void read_run(struct walk *w, size_t i, const char *where)
{
	CLEANUP(buf_done)
	struct buf flag = BUF_INIT(FIND_MAX_TEXT);
	struct dockword word;

	while ((word = dockwords_flag(w->line, &i, w->lines.escape, &flag)).n > 0)
		if (strncmp(buf_str(&flag), "--mount=", 8) == 0)
			read_mount(w, where, word, buf_str(&flag) + 8);
}

static void read_instruction(struct walk *w)
{
	size_t i = 0;
	struct view v = part(w, dockwords_next(w->line, &i));

	if (view_is_nocase(v, "FROM")) {
		read_from(w, i);
	} else if (view_is_nocase(v, "ARG") && w->here == 0) {
		read_arg(w, i);
	} else if (view_is_nocase(v, "COPY")) {
		read_copy(w, i, "COPY --from");
	} else if (view_is_nocase(v, "RUN")) {
		read_run(w, i, "RUN --mount");
	} else if (view_is_nocase(v, "ONBUILD")) {
		v = part(w, dockwords_next(w->line, &i));
		if (view_is_nocase(v, "COPY"))
			read_copy(w, i, "ONBUILD COPY --from");
		else if (view_is_nocase(v, "RUN"))
			read_run(w, i, "ONBUILD RUN --mount");
	}
}

static void read_syntax(struct walk *w)
{
	struct view v = w->lines.syntax;
	CLEANUP(mem_freep)
	char *text = NULL;
	struct find f = { .where = "# syntax", .line = w->lines.syntax_line };
	size_t n = 0;

	while (n < v.n && v.p[n] != ' ')
		n++;
	if (n == 0)
		return;
	text = mem_dupn(v.p, n);
	f.text = text;
	f.off = (size_t)(v.p - w->r->text.p);
	f.len = n;
	reading_add(w->r, f, text);
}

void dockerfile_read(struct reading *r, const struct dockerfile *d)
{
	struct walk w = {
		.r = r,
		.d = d,
		.stage = map_new(DOCKERFILE_MAX_STAGES),
		.expand = { .dialect = EXPAND_DOCKERFILE,
			    .value = value_of,
			    .arg = &w,
			    .work = EXPAND_WORK },
	};

	docklines_init(&w.lines, r->text);
	while (docklines_next(&w.lines)) {
		size_t i = 0;

		w.line = buf_view(&w.lines.logical);
		if (view_is_nocase(part(&w, dockwords_next(w.line, &i)), "FROM"))
			note_stage(&w, i);
	}
	docklines_done(&w.lines);
	docklines_init(&w.lines, r->text);
	read_syntax(&w);
	while (r->rc == 0 && docklines_next(&w.lines)) {
		w.line = buf_view(&w.lines.logical);
		read_instruction(&w);
	}
	docklines_done(&w.lines);
	vars_done(&w.global);
	map_free(w.stage, NULL);
}
