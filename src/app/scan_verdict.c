/*
 * scan_verdict.c - what the results are worth, and why the exit status is not 0.
 */
#include "app/scan_verdict.h"

#include <stdio.h>

#include "app/scan.h"
#include "app/scan_doubts.h"
#include "base/buf.h"
#include "base/mem.h"

#define NAMED 8 /* images, before it says how many more */

static void print_excepts(const struct scan *s)
{
	size_t i;

	for (i = 0; i < s->excepts.n; i++) {
		const struct vuln_exception *x = &s->excepts.at[i];

		if (x->expired && x->used > 0)
			fprintf(stderr,
				"larder scan: warning: the exception for %s ended on %s: "
				"it counts again\n",
				x->id, x->until);
		else if (x->used == 0)
			fprintf(stderr,
				"larder scan: the exception for %s (line %u) is about "
				"nothing here\n",
				x->id, x->line);
	}
}

/* What --fail-on could not judge must not look like a yes. */
static void print_unrated(struct scan *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct scan_count c;

		if (s->target[i].failed)
			continue;
		scan_count(s, &s->target[i], &c);
		n += c.unrated;
	}
	if (n > 0 && s->has_fail_on && s->fail_on > VULN_UNKNOWN)
		fprintf(stderr,
			"larder scan: warning: %zu of unknown severity do not count "
			"towards --fail-on %s; OSV's data say more often how bad "
			"something is, and --fail-on unknown counts all\n",
			n, vuln_severity_word(s->fail_on));
}

/* "2 in app:1, 1 in tiny:3.19" */
static void print_hits(struct scan *s)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(65536);
	size_t i, images = 0;

	for (i = 0; i < s->n; i++) {
		struct scan_count c;

		if (s->target[i].failed)
			continue;
		scan_count(s, &s->target[i], &c);
		if (c.hit > 0 && ++images <= NAMED)
			buf_addf(&text, "%s%zu in %s", images > 1 ? ", " : "", c.hit,
				 s->target[i].text);
	}
	if (images > NAMED)
		buf_addf(&text, ", and in %zu more images", images - NAMED);
	fprintf(stderr, "larder scan: failed by --fail-on %s: %s\n",
		vuln_severity_word(s->fail_on), buf_str(&text));
}

static void add_reason(struct buf *b, size_t n, const char *of_one, const char *of_many)
{
	if (n > 0)
		buf_addf(b, "%s%zu %s", b->n > 0 ? "; " : "", n,
			 n == 1 ? of_one : of_many);
}

static void print_short_of(struct scan *s)
{
	CLEANUP(buf_done)
	struct buf why = BUF_INIT(4096);
	size_t i, failed = 0, blind = 0, gaps = 0, damaged = 0;

	for (i = 0; i < s->n; i++) {
		const struct scan_target *t = &s->target[i];

		failed += t->failed;
		blind += !t->failed && scan_is_blind(s, t);
		gaps += !t->failed && t->ngaps > 0;
	}
	for (i = 0; i < s->found.n; i++)
		damaged += s->found.file[i].failed;
	add_reason(&why, failed, "image could not be had", "images could not be had");
	add_reason(&why, blind, "has packages that there are no data of",
		   "have packages that there are no data of");
	add_reason(&why, gaps, "could not be read in full", "could not be read in full");
	add_reason(&why, damaged, "file of data is damaged", "files of data are damaged");
	fprintf(stderr, "larder scan: %s is known: %s\n",
		failed == s->n ? "nothing" : "not all", buf_str(&why));
}

void scan_verdict(struct scan *s)
{
	enum exit_status status = scan_status(s);
	size_t i, hit = 0;

	scan_doubts_age(s, scan_doubts_warn, NULL);
	print_excepts(s);
	print_unrated(s);
	for (i = 0; i < s->n; i++) {
		struct scan_count c = { 0 };

		if (!s->target[i].failed)
			scan_count(s, &s->target[i], &c);
		hit += c.hit;
	}
	if (hit > 0)
		print_hits(s);
	else if (status != EXIT_DONE)
		print_short_of(s);
}
