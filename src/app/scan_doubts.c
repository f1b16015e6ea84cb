/*
 * scan_doubts.c - what is not known, one sentence at a time. No state.
 */
#include "app/scan_doubts.h"

#include <stdio.h>

#include "app/scan.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"

#define SENTENCE_MAX_BYTES 65536

static void say_gaps(const struct scan_target *t, scan_doubt_fn *say, void *arg)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SENTENCE_MAX_BYTES);
	size_t i;

	for (i = 0; i < t->ngaps; i++) {
		buf_clear(&text);
		buf_addf(&text, "NOT READ: %.4000s", t->gap[i]);
		say(arg, SCAN_DOUBT_NOT_READ, buf_str(&text));
	}
}

void scan_doubts_image(struct scan *s, const struct scan_target *t, scan_doubt_fn *say,
		       void *arg)
{
	const struct vuln_image *im;
	char text[400];

	if (t->failed) {
		say(arg, SCAN_DOUBT_FAILED, t->why.msg);
		return;
	}
	im = vuln_image(s->vuln, t->vuln);
	if (im->units == 0 && im->python == 0)
		say(arg, SCAN_DOUBT_EMPTY,
		    "no packages in it that are known of: nothing can be said");
	if (im->units > 0 && !im->has_system) {
		snprintf(text, sizeof(text),
			 "NO DATA of its system (%s): %zu package%s not looked up",
			 im->system[0] != '\0' ? im->system : "which is not known",
			 im->units, im->units == 1 ? " was" : "s were");
		say(arg, SCAN_DOUBT_NO_DATA, text);
	}
	if (im->python > 0 && !im->has_python) {
		snprintf(text, sizeof(text),
			 "NO DATA of PyPI: %zu Python distribution%s not looked up",
			 im->python, im->python == 1 ? " was" : "s were");
		say(arg, SCAN_DOUBT_NO_DATA, text);
	}
	say_gaps(t, say, arg);
}

void scan_doubts_files(const struct scan *s, scan_doubt_fn *say, void *arg)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SENTENCE_MAX_BYTES);
	size_t i;

	for (i = 0; i < s->found.n; i++) {
		const struct vuln_file *f = &s->found.file[i];

		buf_clear(&text);
		buf_addf(&text, "%.4000s: ", f->name);
		if (f->failed) {
			buf_adds(&text, f->why.msg);
			say(arg, SCAN_DOUBT_FILE, buf_str(&text));
		} else if (f->count.broken > 0) {
			buf_addf(&text, "%zu of %zu entries cannot be used%s%s",
				 f->count.broken, f->count.records,
				 f->count.example[0] != '\0' ? "; " : "",
				 f->count.example);
			say(arg, SCAN_DOUBT_ENTRIES, buf_str(&text));
		}
	}
}

/* NULL: none says how old it is. */
static const struct vuln_file *oldest(const struct scan *s)
{
	int64_t as_of_ms = vuln_data_as_of(&s->found);
	size_t i;

	for (i = 0; as_of_ms > 0 && i < s->found.n; i++)
		if (!s->found.file[i].failed && s->found.file[i].as_of_ms == as_of_ms)
			return &s->found.file[i];
	return NULL;
}

void scan_doubts_age(const struct scan *s, scan_doubt_fn *say, void *arg)
{
	const struct vuln_file *file = oldest(s);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SENTENCE_MAX_BYTES);
	char limit[HUMAN_MAX], date[32];

	/* Where no image could be had, no data were read. */
	if (s->found.n == 0 || !scan_is_stale(s))
		return;
	if (file == NULL) {
		say(arg, SCAN_DOUBT_AGE, "the data do not say how old they are");
		return;
	}
	human_span(s->settings->vulnerabilities_age_ms, limit);
	scan_time(file->as_of_ms, date);
	buf_addf(&text,
		 "data are older than %s (larder.vulnerabilities-age): %.4000s is of "
		 "%.10s; what became known since is not in it",
		 limit, file->name, date);
	say(arg, SCAN_DOUBT_AGE, buf_str(&text));
}

void scan_doubts_warn(void *arg, enum scan_doubt kind, const char *text)
{
	(void)arg;
	(void)kind;
	fprintf(stderr, "larder scan: warning: %s\n", text);
}
