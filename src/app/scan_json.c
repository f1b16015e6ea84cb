/*
 * scan_json.c - a line for each image, and one for all.
 */
#include "app/scan_json.h"

#include <stdio.h>
#include <string.h>

#include "app/scan.h"
#include "base/clock.h"
#include "base/mem.h"
#include "trust/vuln_merge.h"
#include "codec/jsonout.h"

#define LINE_MAX_BYTES (256u << 20)

static int put_line(const struct jsonout *j, struct buf *line, struct err *e)
{
	if (jsonout_end(j) != 0)
		return err_set(e, ERR_LIMIT,
			       "a line of JSON would have more than %u bytes: --severity "
			       "or --fixable make it smaller",
			       LINE_MAX_BYTES);
	fwrite(buf_str(line), 1, line->n, stdout);
	putchar('\n');
	return 0;
}

static void add_digest(struct jsonout *j, const char *key, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	jsonout_text(j, key, text);
}

static void add_time(struct jsonout *j, const char *key, int64_t wall_ms)
{
	char text[32];

	scan_time(wall_ms, text);
	jsonout_text(j, key, text[0] != '\0' ? text : NULL);
}

static void add_sources(struct jsonout *j, unsigned sources)
{
	jsonout_open(j, "sources", '[');
	if (sources & VULN_TRACKER)
		jsonout_text(j, NULL, "debian-tracker");
	if (sources & VULN_SECDB)
		jsonout_text(j, NULL, "secdb");
	if (sources & VULN_OSV)
		jsonout_text(j, NULL, "osv");
	jsonout_close(j, ']');
}

void scan_json_finding(struct scan *s, const struct scan_target *t,
		       const struct vuln_finding *f, struct jsonout *j)
{
	char score[16];
	size_t i;

	jsonout_text(j, "id", f->id);
	jsonout_open(j, "aliases", '[');
	for (i = 0; i < f->naliases; i++)
		jsonout_text(j, NULL, f->alias[i]);
	jsonout_close(j, ']');
	jsonout_text(j, "severity", vuln_severity_word(f->severity));
	snprintf(score, sizeof(score), "%d.%d", f->score / 10, f->score % 10);
	jsonout_raw(j, "score", f->score >= 0 ? score : "null");
	jsonout_text(j, "type", package_word(f->unit->kind));
	jsonout_text(j, "package", f->unit->name);
	jsonout_text(j, "installed", f->unit->version);
	jsonout_text(j, "fixed", f->fixed[0] != '\0' ? f->fixed : NULL);
	jsonout_open(j, "packages", '[');
	for (i = 0; i < f->unit->npackages; i++)
		jsonout_text(j, NULL, f->unit->packages[i]);
	jsonout_close(j, ']');
	add_sources(j, f->sources);
	if (f->undetermined)
		jsonout_bool(j, "undetermined", true);
	if (f->note[0] != '\0')
		jsonout_text(j, "note", f->note);
	if (f->ignored != NULL)
		jsonout_text(j, "exception", f->ignored);
	if (t->newer == SCAN_NEWER_HERE)
		jsonout_bool(j, "inNewer", vuln_has(s->vuln, t->newer_vuln, f));
}

static void add_newer(struct jsonout *j, const struct scan_target *t)
{
	static const char *const words[] = { "unasked", "none", "elsewhere", "here",
					     "unknown" };

	jsonout_open(j, "newer", '{');
	jsonout_text(j, "state", words[t->newer]);
	if (t->newer == SCAN_NEWER_HERE || t->newer == SCAN_NEWER_ELSEWHERE)
		add_digest(j, "digest", &t->newer_root);
	if (t->newer == SCAN_NEWER_UNKNOWN)
		jsonout_text(j, "error", t->newer_why.msg);
	jsonout_close(j, '}');
}

static void add_counts(struct scan *s, struct jsonout *j, const struct scan_target *t)
{
	struct scan_count c;
	size_t i;

	scan_count(s, t, &c);
	jsonout_open(j, "counts", '{');
	jsonout_number(j, "all", c.all);
	for (i = ARRAY_LEN(c.by); i-- > 0;)
		jsonout_number(j, vuln_severity_word((enum vuln_severity)i), c.by[i]);
	jsonout_number(j, "fixable", c.fixable);
	jsonout_number(j, "excepted", c.ignored);
	if (s->has_fail_on)
		jsonout_number(j, "failing", c.hit);
	jsonout_close(j, '}');
}

static void add_scanned(struct scan *s, struct jsonout *j, const struct scan_target *t)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);
	char platform[100];
	size_t i;

	platform_text(&t->platform, platform);
	add_digest(j, "digest", &t->root);
	add_digest(j, "manifest", &t->manifest);
	jsonout_text(j, "platform", platform);
	jsonout_text(j, "os", t->os);
	jsonout_text(j, "system", im->system[0] != '\0' ? im->system : NULL);
	jsonout_number(j, "packages", im->units);
	jsonout_number(j, "pythonDistributions", im->python);
	jsonout_bool(j, "hasSystemData", im->has_system);
	jsonout_bool(j, "hasPythonData", im->has_python);
	jsonout_open(j, "notRead", '[');
	for (i = 0; i < t->ngaps; i++)
		jsonout_text(j, NULL, t->gap[i]);
	jsonout_close(j, ']');
	add_newer(j, t);
	add_counts(s, j, t);
}

static void add_findings(struct scan *s, struct jsonout *j, const struct scan_target *t)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);
	size_t i;

	jsonout_open(j, "vulnerabilities", '[');
	for (i = 0; i < im->n; i++) {
		if (!scan_shows(s, &im->finding[i]))
			continue;
		jsonout_open(j, NULL, '{');
		scan_json_finding(s, t, &im->finding[i], j);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

void scan_json_image(struct scan *s, const struct scan_target *t, struct jsonout *j)
{
	jsonout_text(j, "image", t->text);
	jsonout_text(j, "result", t->failed ? "failed" : "scanned");
	if (t->failed)
		jsonout_text(j, "error", t->why.msg);
	else
		add_scanned(s, j, t);
}

static int print_target(struct scan *s, const struct scan_target *t, struct err *e)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	struct jsonout j = { .to = &line };

	jsonout_open(&j, NULL, '{');
	scan_json_image(s, t, &j);
	if (!t->failed)
		add_findings(s, &j, t);
	jsonout_close(&j, '}');
	return put_line(&j, &line, e);
}

static void add_file(struct jsonout *j, const struct vuln_file *f)
{
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "name", f->name);
	jsonout_text(j, "type",
		     f->source == VULN_OSV     ? "osv"
		     : f->source == VULN_SECDB ? "secdb"
					       : "debian-tracker");
	add_time(j, "asOf", f->as_of_ms);
	jsonout_number(j, "entries", f->count.records);
	jsonout_number(j, "withdrawn", f->count.withdrawn);
	jsonout_number(j, "unusable", f->count.broken);
	if (f->failed)
		jsonout_text(j, "error", f->why.msg);
	jsonout_close(j, '}');
}

static void add_exceptions(struct jsonout *j, const struct scan *s)
{
	size_t i;

	jsonout_open(j, "exceptions", '[');
	for (i = 0; i < s->excepts.n; i++) {
		const struct vuln_exception *x = &s->excepts.at[i];

		jsonout_open(j, NULL, '{');
		jsonout_text(j, "id", x->id);
		if (x->package[0] != '\0')
			jsonout_text(j, "package", x->package);
		jsonout_text(j, "until", x->until);
		jsonout_text(j, "reason", x->reason);
		jsonout_bool(j, "expired", x->expired);
		jsonout_number(j, "findings", x->used);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

void scan_json_all(struct scan *s, struct jsonout *j)
{
	int64_t as_of_ms = vuln_data_as_of(&s->found);
	size_t i, failed = 0, failing = 0;

	for (i = 0; i < s->n; i++) {
		struct scan_count c = { 0 };

		failed += s->target[i].failed;
		if (!s->target[i].failed)
			scan_count(s, &s->target[i], &c);
		failing += c.hit;
	}
	jsonout_number(j, "images", s->n);
	jsonout_number(j, "failed", failed);
	add_time(j, "dataAsOf", as_of_ms);
	if (as_of_ms > 0)
		jsonout_number(j, "dataAgeSeconds",
			       (uint64_t)((clock_wall_ms() - as_of_ms) / 1000));
	jsonout_bool(j, "dataStale", scan_is_stale(s));
	jsonout_open(j, "data", '[');
	for (i = 0; i < s->found.n; i++)
		add_file(j, &s->found.file[i]);
	jsonout_close(j, ']');
	add_exceptions(j, s);
	if (s->has_fail_on) {
		jsonout_text(j, "failOn", vuln_severity_word(s->fail_on));
		jsonout_number(j, "failing", failing);
	}
	jsonout_number(j, "status", scan_status(s));
}

int scan_json(struct scan *s, struct err *e)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	struct jsonout j = { .to = &line };
	size_t i;

	for (i = 0; i < s->n; i++)
		if (print_target(s, &s->target[i], e) != 0)
			return -1;
	jsonout_open(&j, NULL, '{');
	scan_json_all(s, &j);
	jsonout_close(&j, '}');
	return put_line(&j, &line, e);
}
