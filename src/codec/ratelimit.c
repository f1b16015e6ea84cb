/*
 * ratelimit.c - one pass, left to right, within the view.
 */
#include "codec/ratelimit.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct view *v)
{
	while (v->n > 0 && is_blank(*v->p)) {
		v->p++;
		v->n--;
	}
}

/* Digits at the front, taken off. -1: none, or a number over most. */
static int64_t take_number(struct view *v, int64_t most)
{
	int64_t n = 0;
	size_t digits = 0;

	while (v->n > 0 && *v->p >= '0' && *v->p <= '9') {
		if (n <= most)
			n = n * 10 + (*v->p - '0');
		v->p++;
		v->n--;
		digits++;
	}
	return digits > 0 && n <= most ? n : -1;
}

/* What may follow a number: nothing, a parameter, or the next item. */
static bool at_end(const struct view *v)
{
	return v->n == 0 || *v->p == ';' || *v->p == ',' || is_blank(*v->p);
}

static int64_t window_of(struct view v)
{
	int64_t n;

	for (skip_blanks(&v); v.n > 0 && *v.p != ','; skip_blanks(&v)) {
		bool parameter = *v.p == ';';

		v.p++;
		v.n--;
		if (!parameter)
			continue;
		skip_blanks(&v);
		if (v.n < 2 || (v.p[0] != 'w' && v.p[0] != 'W') || v.p[1] != '=')
			continue;
		v = (struct view){ v.p + 2, v.n - 2 };
		n = take_number(&v, RATELIMIT_WINDOW_MAX_S);
		return n > 0 && at_end(&v) ? n : 0;
	}
	return 0;
}

int ratelimit_parse(struct view text, struct ratelimit *out)
{
	int64_t count;

	skip_blanks(&text);
	count = take_number(&text, RATELIMIT_COUNT_MAX);
	if (count < 0 || !at_end(&text))
		return -1;
	*out = (struct ratelimit){ count, window_of(text) };
	return 0;
}
