/*
 * cron.c - the words of crontab(5). No state.
 */
#include "base/cron.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"

#define YEARS 5

struct field {
	const char *what;
	unsigned least, most;
	const char *names; /* of three letters each, of least, least + 1, ... */
};

static const struct field fields[] = {
	{ "minute", 0, 59, "" },
	{ "hour", 0, 23, "" },
	{ "day of the month", 1, 31, "" },
	{ "month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
	{ "day of the week", 0, 7, "sunmontuewedthufrisat" },
};

static int bad(const struct field *f, struct view text, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "\"%.*s\" is no %s: a number from %u to %u, a range, a list, or "
		       "*, perhaps with /STEP",
		       (int)(text.n < 40 ? text.n : 40), text.p, f->what, f->least,
		       f->most);
}

/* A number or a name at the beginning of v, which loses it; -1: there is none. */
static int take_value(const struct field *f, struct view *v)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; v->n >= 3 && f->names[3 * i] != '\0'; i++) {
		if (strncasecmp(f->names + 3 * i, v->p, 3) != 0)
			continue;
		*v = (struct view){ v->p + 3, v->n - 3 };
		return (int)(f->least + i);
	}
	for (i = 0; i < v->n && i < 3 && v->p[i] >= '0' && v->p[i] <= '9'; i++)
		n = n * 10 + (unsigned)(v->p[i] - '0');
	*v = (struct view){ v->p + i, v->n - i };
	return i == 0 ? -1 : (int)n;
}

static bool take(struct view *v, char c)
{
	if (v->n == 0 || v->p[0] != c)
		return false;
	*v = (struct view){ v->p + 1, v->n - 1 };
	return true;
}

/* One part of a list: "*", "5", "1-5", each perhaps with "/2". */
static int parse_part(const struct field *f, struct view part, uint64_t *bits,
		      struct err *e)
{
	int first = (int)f->least, last = (int)f->most, step = 1;
	struct view v = part;
	bool single = false;

	if (!take(&v, '*')) {
		first = last = take_value(f, &v);
		single = !take(&v, '-');
		if (!single)
			last = take_value(f, &v);
	}
	if (take(&v, '/')) {
		step = take_value(&(struct field){ .names = "" }, &v);
		if (single)
			return bad(f, part, e);
	}
	if (v.n != 0 || step < 1 || first < (int)f->least || last > (int)f->most ||
	    first > last)
		return bad(f, part, e);
	for (; first <= last; first += step)
		*bits |= UINT64_C(1) << first;
	return 0;
}

static int parse_field(const struct field *f, struct view text, uint64_t *bits,
		       struct err *e)
{
	*bits = 0;
	for (;;) {
		const char *comma = text.n > 0 ? memchr(text.p, ',', text.n) : NULL;
		struct view part = { text.p,
				     comma != NULL ? (size_t)(comma - text.p) : text.n };

		if (parse_part(f, part, bits, e) != 0)
			return -1;
		if (comma == NULL)
			return 0;
		text = (struct view){ comma + 1, text.n - part.n - 1 };
	}
}

static struct view in_full(struct view text)
{
	static const struct {
		const char *word, *means;
	} words[] = {
		{ "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },
		{ "@midnight", "0 0 * * *" }, { "@weekly", "0 0 * * 0" },
		{ "@monthly", "0 0 1 * *" },  { "@yearly", "0 0 1 1 *" },
		{ "@annually", "0 0 1 1 *" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (view_is(text, words[i].word))
			return view_of(words[i].means);
	return text;
}

int cron_parse(struct view text, struct cron *out, struct err *e)
{
	struct view line = in_full(view_trim(text));
	uint64_t bits[ARRAY_LEN(fields)];
	bool any[ARRAY_LEN(fields)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		struct view w = view_word(&line);

		if (w.n == 0)
			return err_set(e, ERR_INVALID,
				       "\"%.*s\" is no schedule: minute, hour, day of "
				       "the month, month and day of the week, as in "
				       "\"30 4 * * *\", or a word such as @daily",
				       (int)(text.n < 60 ? text.n : 60), text.p);
		if (parse_field(&fields[i], w, &bits[i], e) != 0)
			return -1;
		any[i] = w.p[0] == '*';
	}
	line = view_trim(line);
	if (line.n > 0)
		return err_set(e, ERR_INVALID, "\"%.*s\" is too much for a schedule",
			       (int)(line.n < 40 ? line.n : 40), line.p);
	*out = (struct cron){ .minutes = bits[0],
			      .hours = (uint32_t)bits[1],
			      .days = (uint32_t)bits[2],
			      .months = (uint32_t)bits[3],
			      .weekdays = (uint32_t)(bits[4] | bits[4] >> 7),
			      .any_day = any[2],
			      .any_weekday = any[4] };
	return 0;
}

static bool is_day(const struct cron *c, const struct tm *t)
{
	bool day = c->days >> t->tm_mday & 1, weekday = c->weekdays >> t->tm_wday & 1;

	if (!(c->months >> (t->tm_mon + 1) & 1))
		return false;
	return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

/* The next minute, hour or day, whichever is the largest that cannot be skipped. */
static void advance(const struct cron *c, struct tm *t)
{
	if (!is_day(c, t)) {
		t->tm_mday++;
		t->tm_hour = t->tm_min = 0;
	} else if (!(c->hours >> t->tm_hour & 1)) {
		t->tm_hour++;
		t->tm_min = 0;
	} else {
		t->tm_min++;
	}
	t->tm_isdst = -1;
}

int64_t cron_next(const struct cron *c, int64_t after_ms)
{
	time_t at = (time_t)(after_ms / 1000), end = at + (time_t)YEARS * 366 * 86400;
	struct tm t;

	at = at - at % 60 + 60;
	while (at < end) {
		if (localtime_r(&at, &t) == NULL)
			return -1;
		if (is_day(c, &t) && c->hours >> t.tm_hour & 1 &&
		    c->minutes >> t.tm_min & 1)
			return (int64_t)at * 1000;
		time_t was = at;

		advance(c, &t);
		t.tm_sec = 0;
		at = mktime(&t);
		if (at <= was) /* a clock that is set back */
			at = was + 60;
	}
	return -1;
}
