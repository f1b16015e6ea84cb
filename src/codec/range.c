/*
 * range.c - byte ranges, asked for and sent.  Owns nothing.
 */
#include "codec/range.h"

#include <string.h>
#include <strings.h>

static const char unit[] = "bytes";

/* The unit's name in front, with what separates it; units are case-insensitive. */
static bool take_unit(struct view *v, char separator)
{
	size_t n = sizeof(unit) - 1;

	if (v->n <= n || strncasecmp(v->p, unit, n) != 0 || v->p[n] != separator)
		return false;
	*v = view_trim((struct view){ v->p + n + 1, v->n - n - 1 });
	return true;
}

static bool take_char(struct view *v, char c)
{
	if (v->n == 0 || v->p[0] != c)
		return false;
	v->p++;
	v->n--;
	return true;
}

/* Digits in front; *fits is false, and the number UINT64_MAX, where they say more than
 * that. */
static bool take_number(struct view *v, uint64_t *out, bool *fits)
{
	size_t before = v->n;

	*out = 0;
	*fits = true;
	for (; v->n > 0 && v->p[0] >= '0' && v->p[0] <= '9'; v->p++, v->n--) {
		if (__builtin_mul_overflow(*out, UINT64_C(10), out) ||
		    __builtin_add_overflow(*out, (uint64_t)(v->p[0] - '0'), out))
			*fits = false;
		if (!*fits)
			*out = UINT64_MAX;
	}
	return v->n < before;
}

static enum range_kind suffix(struct view v, uint64_t size, struct range *out)
{
	uint64_t count;
	bool fits;

	if (!take_number(&v, &count, &fits) || v.n > 0)
		return RANGE_NONE;
	if (count == 0 || size == 0)
		return RANGE_UNSATISFIED;
	out->count = count < size ? count : size;
	out->first = size - out->count;
	return RANGE_PART;
}

enum range_kind range_parse(struct view header, uint64_t size, struct range *out)
{
	struct view v = view_trim(header);
	uint64_t first, last = UINT64_MAX;
	bool fits, has_last;

	if (!take_unit(&v, '='))
		return RANGE_NONE;
	if (take_char(&v, '-'))
		return suffix(v, size, out);
	if (!take_number(&v, &first, &fits) || !take_char(&v, '-'))
		return RANGE_NONE;
	has_last = v.n > 0;
	if (has_last && (!take_number(&v, &last, &fits) || v.n > 0))
		return RANGE_NONE;
	if (first > last || first >= size)
		return RANGE_UNSATISFIED;
	out->first = first;
	out->count = (last < size ? last + 1 : size) - first;
	return RANGE_PART;
}

bool range_parse_content(struct view header, uint64_t *first, uint64_t *last,
			 uint64_t *total)
{
	struct view v = view_trim(header);
	uint64_t from, to, all = UINT64_MAX;
	bool fits;

	if (!take_unit(&v, ' ') || !take_number(&v, &from, &fits) || !fits ||
	    !take_char(&v, '-') || !take_number(&v, &to, &fits) || !fits ||
	    !take_char(&v, '/'))
		return false;
	if (!take_char(&v, '*') && (!take_number(&v, &all, &fits) || !fits))
		return false;
	if (v.n > 0 || to < from || to >= all)
		return false;
	*first = from;
	*last = to;
	*total = all;
	return true;
}
