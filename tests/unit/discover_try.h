/*
 * discover_try.h - a text read by one reader, and what it found as lines:
 *
 *	LINE WHERE IMAGE [for PLATFORM]
 *	LINE WHERE ? TEXT: WHY
 */
#ifndef LARDER_TESTS_DISCOVER_TRY_H
#define LARDER_TESTS_DISCOVER_TRY_H

#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "discover/reading.h"

struct discover_try {
	struct finds finds;
	struct builds builds;
	struct vars made;
	struct err e;
	struct reading r;
};

static inline const char *discover_try_variable(void *arg, const char *name)
{
	return strcmp(name, "FROM_OUTSIDE") == 0 ? "outside" : NULL;
}

static inline void discover_try_begin(struct discover_try *t, enum find_kind kind,
				      const char *text)
{
	*t = (struct discover_try){ .r = { .kind = kind,
					   .file = "f",
					   .text = view_of(text),
					   .variable = discover_try_variable,
					   .finds = &t->finds,
					   .builds = &t->builds,
					   .made = &t->made,
					   .e = &t->e } };
}

/* Where a find says that its text stands, it stands. */
static inline void discover_try_places(const struct discover_try *t)
{
	size_t i;

	for (i = 0; i < t->finds.n; i++) {
		const struct find *f = t->finds.v[i];

		if (f->len == 0)
			continue;
		assert_int_equal(f->len, strlen(f->text));
		assert_true(f->off + f->len <= t->r.text.n);
		assert_memory_equal(t->r.text.p + f->off, f->text, f->len);
	}
}

/* Ends the try. */
static inline void discover_try_end(struct discover_try *t, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1u << 20);
	size_t i;

	assert_int_equal(t->r.rc, 0);
	discover_try_places(t);
	finds_settle(&t->finds);
	for (i = 0; i < t->finds.n; i++) {
		const struct find *f = t->finds.v[i];

		buf_addf(&out, "%u %s ", f->line, f->where);
		if (f->image[0] == '\0')
			buf_addf(&out, "? %s: %s", f->text, f->why);
		else
			buf_adds(&out, f->image);
		buf_addf(&out, "%s%s\n", f->platform[0] != '\0' ? " for " : "",
			 f->platform);
	}
	assert_string_equal(buf_str(&out), want);
	finds_done(&t->finds);
	builds_done(&t->builds);
	vars_done(&t->made);
	vars_done(&t->r.beside);
}

/* Each document of text read by read. */
static inline void discover_try_yaml(enum find_kind kind,
				     void (*read)(struct reading *r,
						  const struct yaml *doc),
				     const char *text, const char *want)
{
	struct yaml_reader reader = { .text = view_of(text) };
	struct discover_try t;
	struct yaml *doc;

	discover_try_begin(&t, kind, text);
	while (yaml_next(&reader, &doc, &t.e) > 0) {
		read(&t.r, doc);
		yaml_free(doc);
	}
	assert_string_equal(t.e.msg, "");
	discover_try_end(&t, want);
}

#endif
