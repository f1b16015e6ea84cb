/*
 * scan_report.c - a table an image, and which form it all has.
 */
#include "app/scan_report.h"

#include <stdio.h>
#include <string.h>

#include "app/scan.h"
#include "app/scan_doubts.h"
#include "app/scan_json.h"
#include "app/scan_sarif.h"
#include "app/scan_verdict.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "trust/vuln_merge.h"

#define WIDEST 44 /* of a column */

static const char *newer_word(struct scan *s, const struct scan_target *t,
			      const struct vuln_finding *f)
{
	switch (t->newer) {
	case SCAN_NEWER_HERE:
		return vuln_has(s->vuln, t->newer_vuln, f) ? "no" : "yes";
	case SCAN_NEWER_ELSEWHERE:
	case SCAN_NEWER_UNKNOWN:
		return "?";
	default:
		return "-";
	}
}

struct widths {
	int id, package, installed, fixed;
};

static void widen(int *width, const char *text)
{
	int n = (int)strnlen(text, WIDEST);

	if (n > *width)
		*width = n;
}

static struct widths measure(const struct scan *s, const struct vuln_image *im)
{
	struct widths w = { 2, 7, 9, 8 };
	size_t i;

	for (i = 0; i < im->n; i++) {
		const struct vuln_finding *f = &im->finding[i];

		if (!scan_shows(s, f))
			continue;
		widen(&w.id, f->id);
		widen(&w.package, f->unit->name);
		widen(&w.installed, f->unit->version);
		widen(&w.fixed, f->fixed);
	}
	return w;
}

static void print_finding(struct scan *s, const struct scan_target *t,
			  const struct vuln_finding *f, const struct widths *w)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(8192);

	buf_addf(&line, "  %-10s  %-*s  %-*s  %-*s  %-*s  %-5s",
		 vuln_severity_word(f->severity), w->id, f->id, w->package, f->unit->name,
		 w->installed, f->unit->version, w->fixed,
		 f->fixed[0] != '\0' ? f->fixed : "-", newer_word(s, t, f));
	if (f->ignored != NULL)
		buf_addf(&line, "  not counted: %.200s", f->ignored);
	else if (f->undetermined)
		buf_adds(&line, "  not yet determined");
	else if (f->note[0] != '\0')
		buf_addf(&line, "  %.120s", f->note);
	while (line.n > 0 && line.p[line.n - 1] == ' ')
		line.p[--line.n] = '\0';
	human_print(stdout, buf_str(&line));
	putchar('\n');
}

static void print_findings(struct scan *s, const struct scan_target *t)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);
	struct widths w = measure(s, im);
	bool head = false;
	size_t i;

	for (i = 0; i < im->n; i++) {
		if (!scan_shows(s, &im->finding[i]))
			continue;
		if (!head)
			printf("  %-10s  %-*s  %-*s  %-*s  %-*s  %s\n", "SEVERITY", w.id,
			       "ID", w.package, "PACKAGE", w.installed, "INSTALLED",
			       w.fixed, "FIXED IN", "FIXED BY NEWER");
		head = true;
		print_finding(s, t, &im->finding[i], &w);
	}
}

static void print_sum(struct scan *s, const struct scan_target *t)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);
	struct scan_count c;
	const char *comma = ": ";
	size_t i;

	scan_count(s, t, &c);
	if (im->units == 0 && im->python == 0) {
		puts("  no packages in it that are known of: nothing can be said");
		return;
	}
	if ((im->units == 0 || !im->has_system) && (im->python == 0 || !im->has_python)) {
		puts("  nothing in it could be looked up");
		return;
	}
	printf("  %zu vulnerabilit%s", c.all, c.all == 1 ? "y" : "ies");
	for (i = ARRAY_LEN(c.by); i-- > 0;)
		if (c.by[i] > 0) {
			printf("%s%zu %s", comma, c.by[i],
			       vuln_severity_word((enum vuln_severity)i));
			comma = ", ";
		}
	if (c.all > 0)
		printf("; %zu %s a fix", c.fixable, c.fixable == 1 ? "has" : "have");
	if (c.ignored > 0)
		printf("; %zu not counted", c.ignored);
	if (c.hidden > 0)
		printf("; %zu below %s not shown", c.hidden,
		       vuln_severity_word(s->least));
	puts(scan_is_blind(s, t) ? ", in what there are data of" : "");
}

static void print_newer(struct scan *s, const struct scan_target *t)
{
	char text[DIGEST_TEXT_MAX] = "";
	struct scan_count c;

	if (t->newer == SCAN_NEWER_HERE || t->newer == SCAN_NEWER_ELSEWHERE)
		digest_text(&t->newer_root, text);
	switch (t->newer) {
	case SCAN_NEWER_NONE:
		puts("  its tag is at this digest at the upstream, too");
		break;
	case SCAN_NEWER_HERE:
		scan_count(s, t, &c);
		printf("  its tag is at %.19s now, which no longer has %zu of %zu\n",
		       text, c.mended, c.all);
		break;
	case SCAN_NEWER_ELSEWHERE:
		printf("  its tag is at %.19s now, which is not in the store: --newer "
		       "fetches it and looks\n",
		       text);
		break;
	case SCAN_NEWER_UNKNOWN:
		fputs("  whether there is a newer digest is not known: ", stdout);
		human_print(stdout, t->newer_why.msg);
		putchar('\n');
		break;
	default:
		break;
	}
}

#define GAPS_SHOWN 5

static void print_doubt(void *arg, enum scan_doubt kind, const char *text)
{
	size_t *gaps = arg;

	/* print_sum says of that. */
	if (kind == SCAN_DOUBT_EMPTY ||
	    (kind == SCAN_DOUBT_NOT_READ && ++*gaps > GAPS_SHOWN))
		return;
	fputs("  ", stdout);
	human_print(stdout, text);
	putchar('\n');
}

static void print_doubts(struct scan *s, const struct scan_target *t)
{
	size_t gaps = 0;

	scan_doubts_image(s, t, print_doubt, &gaps);
	if (gaps > GAPS_SHOWN)
		printf("  NOT READ: %zu more\n", gaps - GAPS_SHOWN);
}

static void print_target(struct scan *s, const struct scan_target *t)
{
	char digest[DIGEST_TEXT_MAX], platform[100];
	const struct vuln_image *im;

	if (t->failed) {
		printf("%s  failed: ", t->text);
		human_print(stdout, t->why.msg);
		puts("\n");
		return;
	}
	im = vuln_image(s->vuln, t->vuln);
	digest_text(&t->root, digest);
	platform_text(&t->platform, platform);
	printf("%s  %.19s  %s\n  ", t->text, digest, platform);
	human_print(stdout, t->os[0] != '\0' ? t->os : "no system that says its name");
	printf(", %zu package%s, %zu Python distribution%s\n", im->units,
	       im->units == 1 ? "" : "s", im->python, im->python == 1 ? "" : "s");
	print_findings(s, t);
	print_sum(s, t);
	print_newer(s, t);
	print_doubts(s, t);
	puts("");
}

static void print_data(const struct scan *s)
{
	int64_t as_of_ms = vuln_data_as_of(&s->found), now_ms = clock_wall_ms();
	char date[32], ago[HUMAN_MAX];
	size_t i, n = 0;

	for (i = 0; i < s->found.n; i++)
		n += s->found.file[i].count.records;
	scan_time(as_of_ms, date);
	human_span(now_ms - as_of_ms, ago);
	if (as_of_ms > 0)
		printf("data: %zu entries of %zu source%s, the oldest as of %.10s (%s "
		       "ago)\n",
		       n, s->found.n, s->found.n == 1 ? "" : "s", date, ago);
	else
		printf("data: %zu entries, of an age that they do not say\n", n);
}

int scan_report(struct scan *s, struct err *e)
{
	size_t i;
	int rc = 0;

	if (s->sarif) {
		rc = scan_sarif(s, e);
	} else if (s->json) {
		rc = scan_json(s, e);
	} else {
		for (i = 0; i < s->n; i++)
			print_target(s, &s->target[i]);
		print_data(s);
	}
	fflush(stdout);
	scan_verdict(s);
	return rc;
}
