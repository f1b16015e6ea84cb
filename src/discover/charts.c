/*
 * charts.c - charts and their files.
 */
#include "discover/charts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "discover/helm.h"
#include "discover/paths.h"

static struct run_chart *nearest(const struct map *by_dir, const char *path)
{
	CLEANUP(mem_freep)
	char *dir = paths_dir(path);

	for (;;) {
		struct run_chart *c = map_get(by_dir, dir);
		char *up;

		if (c != NULL || dir[0] == '\0' || strcmp(dir, "/") == 0)
			return c;
		up = paths_dir(dir);
		free(dir);
		dir = up;
	}
}

static void add_part(struct run_chart *c, struct run_file *f, enum kind kind)
{
	f->kind = kind;
	f->chart = c;
	if ((c->parts & (c->parts - 1)) == 0) /* room for twice as many */
		c->part = mem_grow(c->part, (c->parts > 0 ? 2 * c->parts : 1) *
						    sizeof(struct run_file *));
	c->part[c->parts++] = f;
}

struct run_chart *charts_sort(struct run *run)
{
	struct map *by_dir = map_new(DISCOVER_MAX_FILES);
	struct run_chart *first = NULL, **tail = &first, *c;
	size_t i;

	for (i = 0; i < run->files; i++) {
		if (run->file[i]->kind != KIND_CHART)
			continue;
		c = mem_alloc(sizeof(*c));
		c->dir = paths_dir(run->file[i]->path);
		c->chart = run->file[i];
		map_put(by_dir, c->dir, c);
		*tail = c;
		tail = &c->next;
	}
	for (i = 0; i < run->files && first != NULL; i++) {
		struct run_file *f = run->file[i];
		const char *within;
		enum kind kind;

		c = nearest(by_dir, f->path);
		if (c == NULL)
			continue;
		within = f->path + strlen(c->dir) + (c->dir[0] != '\0');
		kind = kind_in_chart(within);
		if (kind != KIND_NONE)
			add_part(c, f, kind);
	}
	map_free(by_dir, NULL);
	return first;
}

struct texts {
	struct buf *text; /* of each part, or empty */
	size_t n;
};

static void texts_done(struct texts *t)
{
	while (t->n > 0)
		buf_done(&t->text[--t->n]);
	free(t->text);
}

/* The first document of a file; NULL: there is none. */
static struct yaml *first_doc(struct view text, struct err *why)
{
	struct yaml_reader reader = { .text = text };
	struct yaml *doc = NULL;

	return yaml_next(&reader, &doc, why) > 0 ? doc : NULL;
}

static bool is_base(const struct run_file *f)
{
	return strcmp(paths_name(f->path), "values.yaml") == 0;
}

/* Values first, those that stand over them, then templates. */
static int read_values(struct run *run, struct helm *h, struct run_chart *c,
		       const struct texts *t, bool base, struct err *e)
{
	size_t i;

	for (i = 0; i < c->parts; i++) {
		struct run_file *f = c->part[i];
		struct reading r =
			run_reading(run, FIND_HELM, f, buf_view(&t->text[i]), e);
		struct err why = { 0 };
		struct yaml *doc;

		if (f->kind != KIND_VALUES || is_base(f) != base || t->text[i].n == 0)
			continue;
		run->d->files++;
		doc = first_doc(r.text, &why);
		if (doc == NULL && why.kind != ERR_NONE &&
		    run_refuse(run, f->path, why.msg, e) != 0)
			return -1;
		if (doc == NULL)
			continue;
		if (base)
			h->values = doc; /* the caller frees it */
		helm_values(h, &r, doc);
		if (!base)
			yaml_free(doc);
		if (r.rc != 0)
			return -1;
	}
	return 0;
}

static int read_templates(struct run *run, struct helm *h, struct run_chart *c,
			  const struct texts *t, struct err *e)
{
	size_t i;

	for (i = 0; i < c->parts; i++) {
		struct reading r =
			run_reading(run, FIND_HELM, c->part[i], buf_view(&t->text[i]), e);

		if (c->part[i]->kind != KIND_TEMPLATE || t->text[i].n == 0)
			continue;
		run->d->files++;
		helm_template(h, &r);
		if (r.rc != 0)
			return -1;
	}
	return 0;
}

static int read_end(struct run *run, struct helm *h, struct run_chart *c, struct err *e)
{
	size_t i;

	for (i = 0; i < c->parts; i++) {
		struct reading r = run_reading(run, FIND_HELM, c->part[i],
					       (struct view){ "", 0 }, e);

		if (c->part[i]->kind != KIND_VALUES || !is_base(c->part[i]))
			continue;
		helm_end(h, &r);
		return r.rc;
	}
	return 0;
}

static int read_texts(struct run *run, struct run_chart *c, struct texts *t,
		      struct helm *h, struct err *e)
{
	size_t total = 0;

	t->text = mem_alloc((c->parts + 1) * sizeof(*t->text));
	h->template = mem_alloc((c->parts + 1) * sizeof(*h->template));
	for (; t->n < c->parts; t->n++) {
		struct run_file *f = c->part[t->n];
		struct buf *text = &t->text[t->n];

		f->read = true;
		if (total > CHARTS_MAX_BYTES) {
			if (run_refuse(run, f->path, "its chart has too much text", e) !=
			    0)
				return -1;
			continue;
		}
		if (run_text(run, f, text, e) < 0) {
			t->n++;
			return -1;
		}
		total += text->n;
		if (f->kind == KIND_TEMPLATE) {
			h->template[h->templates].file = f->path;
			h->template[h->templates++].text = buf_view(text);
		}
	}
	return 0;
}

int charts_read(struct run *run, struct run_chart *c, struct err *e)
{
	CLEANUP(texts_done)
	struct texts t = { 0 };
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(0);
	struct helm h = { 0 };
	struct yaml *chart = NULL;
	struct err why = { 0 };
	int rc;

	c->chart->read = true;
	rc = run_text(run, c->chart, &text, e);
	if (rc < 0)
		return -1;
	if (rc > 0)
		chart = first_doc(buf_view(&text), &why);
	h.chart = chart;
	rc = read_texts(run, c, &t, &h, e);
	helm_template_tags(&h);
	if (rc == 0)
		rc = read_values(run, &h, c, &t, true, e);
	if (rc == 0)
		rc = read_values(run, &h, c, &t, false, e);
	if (rc == 0)
		rc = read_templates(run, &h, c, &t, e);
	if (rc == 0)
		rc = read_end(run, &h, c, e);
	yaml_free((struct yaml *)h.values);
	yaml_free(chart);
	free(h.template);
	helm_done(&h);
	return rc;
}

void charts_free(struct run_chart *c)
{
	while (c != NULL) {
		struct run_chart *next = c->next;

		free(c->dir);
		free(c->part);
		free(c);
		c = next;
	}
}
