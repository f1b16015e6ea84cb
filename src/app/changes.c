/*
 * changes.c - two images read at once and compared; the page of a pull request.
 */
#include "app/changes.h"

#include <pthread.h>
#include <string.h>

#include "app/here.h"
#include "base/human.h"
#include "base/mem.h"
#include "mirror/choose.h"
#include "trust/compare_show.h"

/* --- reading --- */

struct reading {
	struct store *store;
	const struct changes_side *side;
	struct digest manifest;
	struct contents *out;
	int rc;
	struct err err;
};

static int find_manifest(struct reading *r)
{
	struct choice choice = { 0 };

	r->rc = choose_manifest(r->store, r->side->repo, &r->side->digest,
				&r->side->platform, &choice, &r->err);
	if (r->rc == 0)
		r->manifest = choice.manifest->digest;
	choice_done(&choice);
	return r->rc;
}

static void *read_one(void *arg)
{
	struct reading *r = arg;

	r->rc = contents_read(r->store, r->side->repo, &r->manifest, r->out, &r->err);
	return NULL;
}

/* The second in a thread beside; without one, after the first. */
static void read_both(struct reading r[2])
{
	pthread_t thread;
	bool beside = pthread_create(&thread, NULL, read_one, &r[1]) == 0;

	read_one(&r[0]);
	if (beside)
		pthread_join(thread, NULL);
	else
		read_one(&r[1]);
}

static int say_failed(const struct reading r[2], struct err *e)
{
	const struct reading *bad = r[0].rc != 0 ? &r[0] : &r[1];

	*e = bad->err;
	return err_add(e, "%.300s", bad->side->shown);
}

int changes_find(struct store *s, const struct changes_side *before,
		 const struct changes_side *after, struct changes *out, struct err *e)
{
	struct changes found = { .before = *before, .after = *after };
	struct reading r[2] = {
		{ .store = s, .side = before, .out = &found.contents[0] },
		{ .store = s, .side = after, .out = &found.contents[1] },
	};
	bool same;

	if (find_manifest(&r[0]) != 0 || find_manifest(&r[1]) != 0)
		return say_failed(r, e);
	same = digest_equal(&r[0].manifest, &r[1].manifest);
	if (same)
		read_one(&r[0]);
	else
		read_both(r);
	if (r[0].rc != 0 || r[1].rc != 0) {
		if (r[0].rc == 0)
			contents_done(&found.contents[0]);
		if (r[1].rc == 0 && !same)
			contents_done(&found.contents[1]);
		return say_failed(r, e);
	}
	*out = found;
	compare_make(&out->contents[0], &out->contents[same ? 0 : 1], &out->comparison);
	return 0;
}

void changes_done(struct changes *c)
{
	bool same = c->comparison.after == &c->contents[0];

	compare_done(&c->comparison);
	contents_done(&c->contents[0]);
	if (!same)
		contents_done(&c->contents[1]);
}

void changes_platform(const struct platform *p, size_t n, struct platform *out)
{
	struct platform here;
	size_t i;

	here_platform(&here);
	*out = n > 0 ? p[0] : here;
	for (i = 0; i < n; i++)
		if (platform_match(&here, &p[i]))
			*out = p[i];
}

/* --- text and JSON --- */

static void shown_platform(const struct changes *c, char out[210])
{
	char before[100], after[100];

	platform_text(&c->comparison.before->config.platform, before);
	platform_text(&c->comparison.after->config.platform, after);
	snprintf(out, 210, "%s%s%s", before, strcmp(before, after) != 0 ? " -> " : "",
		 strcmp(before, after) != 0 ? after : "");
}

int changes_text(const struct changes *c, size_t most, struct buf *out)
{
	char platform[210];

	shown_platform(c, platform);
	if (human_escape(out, c->after.shown, 400) != 0 || buf_adds(out, " (") != 0 ||
	    human_escape(out, platform, 210) != 0 || buf_adds(out, "): ") != 0 ||
	    compare_text_summary(&c->comparison, out) != 0 || buf_adds(out, "\n") != 0)
		return -1;
	return compare_text(&c->comparison, most, out);
}

int changes_json(const struct changes *c, struct buf *out)
{
	struct compare_names names = { .before = c->before.shown,
				       .after = c->after.shown,
				       .before_digest = &c->before.digest,
				       .after_digest = &c->after.digest };

	return compare_json(&c->comparison, &names, out);
}

/* --- the page --- */

void changes_page_init(struct changes_page *p)
{
	*p = (struct changes_page){ .rows = BUF_INIT(CHANGES_PAGE_MAX / 2),
				    .details = BUF_INIT(CHANGES_PAGE_MAX),
				    .notes = BUF_INIT(CHANGES_PAGE_MAX / 10) };
}

void changes_page_done(struct changes_page *p)
{
	buf_done(&p->rows);
	buf_done(&p->details);
	buf_done(&p->notes);
}

static int add_row(struct buf *out, const char *shown, const struct digest *before,
		   const struct digest *after, const struct changes *c, const char *why)
{
	char from[DIGEST_TEXT_MAX], to[DIGEST_TEXT_MAX];

	digest_text(before, from);
	digest_text(after, to);
	if (buf_adds(out, "| ") != 0 || compare_markdown_code(out, shown) != 0 ||
	    buf_addf(out, " | `%.19s` | `%.19s` | ", from, to) != 0 ||
	    (c != NULL ? compare_text_summary(&c->comparison, out)
		       : compare_markdown_code(out, why)) != 0)
		return -1;
	return buf_adds(out, " |\n");
}

static int add_details(struct buf *out, const char *shown, const struct changes *c)
{
	char platform[210];

	shown_platform(c, platform);
	if (buf_adds(out, "\n#### ") != 0 || compare_markdown_code(out, shown) != 0 ||
	    buf_adds(out, ", ") != 0 || compare_markdown_code(out, platform) != 0 ||
	    buf_adds(out, "\n") != 0)
		return -1;
	return compare_markdown(&c->comparison, CHANGES_PAGE_ROWS, out);
}

void changes_page_add(struct changes_page *p, const char *shown,
		      const struct digest *before, const struct digest *after,
		      const struct changes *c, const char *why)
{
	CLEANUP(buf_done)
	struct buf row = BUF_INIT(CHANGES_PAGE_MAX), more = BUF_INIT(CHANGES_PAGE_MAX);
	size_t room = CHANGES_PAGE_MAX - p->rows.n - p->details.n - p->notes.n;

	p->images++;
	if (add_row(&row, shown, before, after, c, why) != 0 || row.n > room ||
	    buf_add(&p->rows, row.p, row.n) != 0) {
		p->left_out++;
		return;
	}
	if (c == NULL)
		return;
	if (add_details(&more, shown, c) != 0 || more.n > room - row.n ||
	    buf_add(&p->details, more.p, more.n) != 0)
		p->left_out++;
	buf_done(&more);
}

void changes_page_note(struct changes_page *p, const char *shown, const char *what)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(2048);

	if (buf_adds(&line, "- ") != 0 || compare_markdown_code(&line, shown) != 0 ||
	    buf_adds(&line, ": ") != 0 || compare_markdown_code(&line, what) != 0 ||
	    buf_adds(&line, "\n") != 0 || buf_add(&p->notes, line.p, line.n) != 0)
		p->left_out++;
}

void changes_page_print(const struct changes_page *p, const char *title,
			const char *first, FILE *to)
{
	fprintf(to, "### %s\n", title);
	if (first[0] != '\0')
		fprintf(to, "\n%s\n", first);
	if (p->rows.n > 0)
		fprintf(to,
			"\n| image | before | after | inside |\n|---|---|---|---|\n%s",
			buf_str(&p->rows));
	fputs(buf_str(&p->details), to);
	if (p->notes.n > 0)
		fprintf(to, "\n%s", buf_str(&p->notes));
	if (p->left_out > 0)
		fprintf(to,
			"\n%zu more would be over what a pull request takes; `larder "
			"diff` shows them.\n",
			p->left_out);
}
