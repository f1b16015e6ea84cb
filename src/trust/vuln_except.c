/*
 * vuln_except.c - a line at a time; findings against a list that people write.
 */
#include "trust/vuln_except.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "trust/vuln_impl.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* The end of that day. False: it is no date. */
static bool day_end(struct view word, int64_t *ms)
{
	char text[32];
	int64_t seconds;

	if (word.n != 10)
		return false;
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", word.p);
	if (!httpdate_parse(view_of(text), &seconds))
		return false;
	*ms = seconds * 1000 + DAY_MS;
	return true;
}

static int refuse(unsigned line, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "line %u: %s; a line is: ID [PACKAGE] YYYY-MM-DD REASON", line,
		       what);
}

static int read_line(struct view text, unsigned number, int64_t now_ms,
		     struct vuln_exception *x, struct err *e)
{
	CLEANUP(mem_freep)
	char *clean = human_clean(mem_dupn(text.p, text.n));
	struct view line = view_trim(view_of(clean));
	struct view id = view_word(&line), word = view_word(&line);
	int64_t until_ms;

	*x = (struct vuln_exception){ .line = number };
	if (!vuln_id_ok(id))
		return refuse(number, "it begins with no id of a vulnerability", e);
	snprintf(x->id, sizeof(x->id), "%.*s", (int)id.n, id.p);
	if (!day_end(word, &until_ms)) {
		if (word.n == 0 || word.n >= sizeof(x->package))
			return refuse(number, "the date is missing", e);
		snprintf(x->package, sizeof(x->package), "%.*s", (int)word.n, word.p);
		word = view_word(&line);
		if (!day_end(word, &until_ms))
			return refuse(number, "the date until which it holds is missing",
				      e);
	}
	snprintf(x->until, sizeof(x->until), "%.10s", word.p);
	line = view_trim(line);
	if (line.n == 0)
		return refuse(number, "the reason is missing", e);
	if (line.n > VULN_EXCEPT_REASON_MAX)
		return refuse(number, "the reason is too long", e);
	x->reason = mem_dupn(line.p, line.n);
	x->expired = now_ms >= until_ms;
	return 0;
}

int vuln_except_read(struct view text, int64_t now_ms, struct vuln_excepts *out,
		     struct err *e)
{
	unsigned number = 0;

	*out = (struct vuln_excepts){ 0 };
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		struct view line = { text.p,
				     end != NULL ? (size_t)(end - text.p) : text.n };

		text.p += line.n + (end != NULL);
		text.n -= line.n + (end != NULL);
		number++;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = view_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (memchr(line.p, '\0', line.n) != NULL)
			return refuse(number, "it is no text", e);
		if (out->n == VULN_EXCEPT_MAX)
			return err_set(e, ERR_LIMIT, "more than %d exceptions",
				       VULN_EXCEPT_MAX);
		if ((out->n & (out->n - 1)) == 0) /* full: twice as many */
			out->at = mem_grow(out->at, (out->n == 0 ? 1 : 2 * out->n) *
							    sizeof(*out->at));
		if (read_line(line, number, now_ms, &out->at[out->n], e) != 0)
			return -1;
		out->n++;
	}
	return 0;
}

static bool is_named(const struct vuln_finding *f, const char *id)
{
	size_t i;

	if (strcmp(f->id, id) == 0)
		return true;
	for (i = 0; i < f->naliases; i++)
		if (strcmp(f->alias[i], id) == 0)
			return true;
	return false;
}

static bool is_of(const struct vuln_finding *f, const char *package)
{
	size_t i;

	if (package[0] == '\0' || strcmp(f->unit->name, package) == 0)
		return true;
	for (i = 0; i < f->unit->npackages; i++)
		if (strcmp(f->unit->packages[i], package) == 0)
			return true;
	return false;
}

void vuln_except_mark(struct vuln_excepts *x, struct vuln_image *im)
{
	size_t i, k;

	for (i = 0; i < im->n; i++)
		for (k = 0; k < x->n; k++) {
			struct vuln_exception *one = &x->at[k];

			if (!is_named(&im->finding[i], one->id) ||
			    !is_of(&im->finding[i], one->package))
				continue;
			one->used++;
			if (!one->expired)
				im->finding[i].ignored = one->reason;
		}
}

void vuln_excepts_done(struct vuln_excepts *x)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		free(x->at[i].reason);
	free(x->at);
	*x = (struct vuln_excepts){ 0 };
}
