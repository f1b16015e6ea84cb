/*
 * pull_report.c - the table and the JSON lines. No state.
 */
#include "app/pull_report.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"
#include "oci/digest.h"
#include "trust/compare_show.h"

#define LINE_MAX_BYTES 16384
#define WIDEST_NAME 60

struct tally {
	size_t by[BATCH_FAILED + 1];
	uint64_t fetched;
};

static struct tally count(const struct imageargs *a)
{
	struct tally t = { 0 };
	size_t i;

	for (i = 0; i < a->n; i++) {
		t.by[a->arg[i]->im.result]++;
		t.fetched += atomic_load(&a->arg[i]->im.progress.fetched);
	}
	return t;
}

enum exit_status pull_report_status(const struct pull_report *r,
				    const struct imageargs *a)
{
	struct tally t = count(a);
	size_t bad = t.by[BATCH_FAILED] + t.by[BATCH_NONE] +
		     (r->stale_bad ? t.by[BATCH_STALE] : 0);

	if (bad == 0 && r->inside != NULL && r->inside->fetch && r->inside->unknown > 0)
		return EXIT_PARTLY;
	return bad == 0 ? EXIT_DONE : bad < a->n ? EXIT_PARTLY : EXIT_FAILED;
}

static bool has_digest(const struct batch_image *im)
{
	return im->result != BATCH_FAILED && im->result != BATCH_NONE;
}

static void short_digest(const struct digest *d, char out[20])
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	snprintf(out, 20, "%.19s", text);
}

/* A table's last column: what the others cannot say. */
static void add_note(struct buf *b, const struct pull_report *r,
		     const struct batch_image *im)
{
	char before[20], text[HUMAN_MAX];
	uint64_t fetched = atomic_load(&im->progress.fetched);
	const char *comma = "";

	if (im->result == BATCH_FAILED || im->result == BATCH_STALE) {
		buf_adds(b, im->err.msg);
		comma = "; ";
	}
	if (im->result == BATCH_MOVED) {
		short_digest(&im->done.before, before);
		buf_addf(b, "was %s", before);
		comma = ", ";
	}
	if (im->done.lock.drifted && has_digest(im)) {
		short_digest(&im->done.lock.upstream, before);
		if (im->done.lock.has_upstream)
			buf_addf(b, "%slocked; upstream has moved to %s", comma, before);
		else
			buf_addf(b, "%slocked; gone upstream", comma);
		comma = ", ";
	}
	if (fetched > 0) {
		human_bytes(fetched, text);
		buf_addf(b, "%s%s fetched", comma, text);
		comma = ", ";
	}
	if (im->handed && r->target != NULL)
		buf_addf(b, "%sgiven to %s", comma, r->target);
}

static void print_row(const struct pull_report *r, const struct imagearg *arg, int width)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char digest[20];

	buf_addf(&line, "%-*s  %-7s  ", width, arg->text,
		 batch_result_word(arg->im.result));
	if (has_digest(&arg->im)) {
		short_digest(&arg->im.done.digest, digest);
		buf_addf(&line, "%-19s  ", digest);
	}
	add_note(&line, r, &arg->im);
	while (line.n > 0 && line.p[line.n - 1] == ' ')
		line.p[--line.n] = '\0';
	puts(buf_str(&line));
}

static void add_words(struct buf *b, const struct tally *t)
{
	size_t i, n = 0;

	for (i = 1; i < ARRAY_LEN(t->by); i++)
		if (t->by[i] > 0)
			buf_addf(b, "%s%zu %s", n++ > 0 ? ", " : "", t->by[i],
				 batch_result_word((enum batch_result)i));
}

/* --- what changed inside --- */

struct inside_moved pull_report_moved(const struct imagearg *arg)
{
	return (struct inside_moved){ .text = arg->text,
				      .image = &arg->im.image,
				      .platform = arg->im.platform,
				      .nplatforms = arg->im.nplatforms,
				      .before = arg->im.done.before,
				      .after = arg->im.done.digest };
}

static void print_all_inside(const struct pull_report *r, const struct imageargs *a)
{
	size_t i;

	for (i = 0; r->inside != NULL && i < a->n; i++) {
		struct inside_moved m = pull_report_moved(a->arg[i]);

		if (a->arg[i]->im.result == BATCH_MOVED)
			inside_print(r->inside, &m);
	}
	if (r->inside != NULL)
		inside_print_end(r->inside);
}

static void print_table(const struct pull_report *r, const struct imageargs *a)
{
	CLEANUP(buf_done)
	struct buf sum = BUF_INIT(LINE_MAX_BYTES);
	char fetched[HUMAN_MAX], took[HUMAN_MAX];
	struct tally t = count(a);
	size_t i, width = 5;

	for (i = 0; i < a->n; i++)
		if (strlen(a->arg[i]->text) > width)
			width = strlen(a->arg[i]->text);
	if (width > WIDEST_NAME)
		width = WIDEST_NAME;
	printf("%-*s  %-7s  %s\n", (int)width, "IMAGE", "RESULT", "DIGEST");
	for (i = 0; i < a->n; i++)
		print_row(r, a->arg[i], (int)width);
	human_bytes(t.fetched, fetched);
	human_ms(r->took_ms, took);
	buf_addf(&sum, "%zu image%s: ", a->n, a->n == 1 ? "" : "s");
	add_words(&sum, &t);
	if (r->look)
		buf_adds(&sum, "; nothing was changed");
	else
		buf_addf(&sum, "; %s fetched in %s", fetched, took);
	if (r->spent >= 0)
		buf_addf(&sum, "; %lld of Docker Hub's pulls spent", (long long)r->spent);
	if (r->left >= 0)
		buf_addf(&sum, ", %lld", (long long)r->left);
	if (r->left >= 0 && r->limit >= 0)
		buf_addf(&sum, " of %lld", (long long)r->limit);
	if (r->left >= 0)
		buf_adds(&sum, " left");
	puts(buf_str(&sum));
	print_all_inside(r, a);
}

static void add_text(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, ",\"%s\":\"", key);
	buf_add_json(b, value, strlen(value));
	buf_adds(b, "\"");
}

static void print_json(const struct pull_report *r, const struct imagearg *arg)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(COMPARE_SHOW_MAX + LINE_MAX_BYTES);
	const struct batch_image *im = &arg->im;
	struct inside_moved moved = pull_report_moved(arg);
	char digest[DIGEST_TEXT_MAX];

	buf_adds(&line, "{\"image\":\"");
	buf_add_json(&line, arg->text, strlen(arg->text));
	buf_adds(&line, "\"");
	add_text(&line, "result", batch_result_word(im->result));
	if (has_digest(im)) {
		digest_text(&im->done.digest, digest);
		add_text(&line, "digest", digest);
	}
	if (im->result == BATCH_MOVED) {
		digest_text(&im->done.before, digest);
		add_text(&line, "before", digest);
	}
	if (has_digest(im) && im->done.lock.locked)
		buf_adds(&line, ",\"locked\":true");
	if (has_digest(im) && im->done.lock.drifted) {
		digest_text(&im->done.lock.upstream, digest);
		if (im->done.lock.has_upstream)
			add_text(&line, "upstream", digest);
		else
			buf_adds(&line, ",\"upstream\":null");
	}
	if (im->result == BATCH_FAILED || im->result == BATCH_STALE)
		add_text(&line, "error", im->err.msg);
	buf_addf(&line, ",\"bytes\":%llu,\"fetchedBytes\":%llu,\"handed\":%s,\"ms\":%lld",
		 (unsigned long long)atomic_load(&im->progress.bytes),
		 (unsigned long long)atomic_load(&im->progress.fetched),
		 im->handed ? "true" : "false", (long long)im->took_ms);
	if (r->inside != NULL && im->result == BATCH_MOVED)
		inside_json(r->inside, &moved, &line);
	buf_adds(&line, "}");
	puts(buf_str(&line));
}

static void print_json_sum(const struct pull_report *r, const struct imageargs *a)
{
	struct tally t = count(a);
	size_t i;

	printf("{\"images\":%zu", a->n);
	for (i = 1; i < ARRAY_LEN(t.by); i++)
		printf(",\"%s\":%zu", batch_result_word((enum batch_result)i), t.by[i]);
	printf(",\"fetchedBytes\":%llu,\"ms\":%lld", (unsigned long long)t.fetched,
	       (long long)r->took_ms);
	if (r->spent >= 0)
		printf(",\"pullsSpent\":%lld", (long long)r->spent);
	if (r->left >= 0)
		printf(",\"pullsLeft\":%lld", (long long)r->left);
	if (r->limit >= 0)
		printf(",\"pullsLimit\":%lld", (long long)r->limit);
	puts("}");
}

void pull_report_print(const struct pull_report *r, const struct imageargs *a)
{
	size_t i;

	if (!r->json) {
		print_table(r, a);
	} else {
		for (i = 0; i < a->n; i++)
			print_json(r, a->arg[i]);
		print_json_sum(r, a);
	}
	fflush(stdout);
}
