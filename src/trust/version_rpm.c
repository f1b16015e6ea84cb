/*
 * version_rpm.c - [epoch:]version[-release], rpm-version(7).
 *
 * A component is read as runs of digits and runs of letters; what is between them only
 * separates, but for "~" (sorts before everything, the end included) and "^" (after the
 * end, before everything else).
 */
#include "trust/version_impl.h"

#include <string.h>

struct evr {
	struct view epoch, version, release;
};

static struct evr split(struct view v)
{
	struct evr r = { { NULL, 0 }, v, { NULL, 0 } };
	struct view digits = version_take_digits(&v);
	const char *dash = v.n > 0 ? memrchr(v.p, '-', v.n) : NULL;

	if (v.n > 0 && *v.p == ':') {
		r.epoch = digits;
		r.version = (struct view){ v.p + 1, v.n - 1 };
	}
	if (dash != NULL) {
		r.release.p = dash + 1;
		r.release.n = (size_t)(r.version.p + r.version.n - dash) - 1;
		r.version.n = (size_t)(dash - r.version.p);
	}
	return r;
}

static void skip(struct view *v, size_t n)
{
	v->p += n;
	v->n -= n;
}

static void skip_separators(struct view *v)
{
	while (v->n > 0 && !version_is_letter(*v->p) && !version_is_digit(*v->p) &&
	       *v->p != '~' && *v->p != '^')
		skip(v, 1);
}

static struct view take_letters(struct view *v)
{
	struct view run = { v->p, 0 };

	while (run.n < v->n && version_is_letter(v->p[run.n]))
		run.n++;
	skip(v, run.n);
	return run;
}

static bool at(struct view v, char c)
{
	return v.n > 0 && *v.p == c;
}

/* 2: neither has an operator here, or both had the same, which they lose. */
static int operators(struct view *a, struct view *b)
{
	if (at(*a, '~') != at(*b, '~'))
		return at(*a, '~') ? -1 : 1;
	if (at(*a, '^') && !at(*b, '^'))
		return b->n == 0 ? 1 : -1;
	if (at(*b, '^') && !at(*a, '^'))
		return a->n == 0 ? -1 : 1;
	return 2;
}

/* The next runs; both have something that is no separator and no operator. */
static int runs(struct view *a, struct view *b)
{
	bool digits = version_is_digit(*a->p);
	struct view x = digits ? version_take_digits(a) : take_letters(a);
	struct view y = digits ? version_take_digits(b) : take_letters(b);

	if (y.n == 0) /* of different kinds: digits are the later */
		return digits ? 1 : -1;
	return digits ? version_digits(x, y) : version_bytes(x, y);
}

static int compare_part(struct view a, struct view b)
{
	int rc;

	while (a.n > 0 || b.n > 0) {
		skip_separators(&a);
		skip_separators(&b);
		rc = operators(&a, &b);
		if (rc != 2)
			return rc;
		if (at(a, '~') || at(a, '^')) {
			skip(&a, 1);
			skip(&b, 1);
			continue;
		}
		if (a.n == 0 || b.n == 0)
			break;
		rc = runs(&a, &b);
		if (rc != 0)
			return rc;
	}
	return (a.n > 0) - (b.n > 0);
}

/* A component that is missing is older than any that is there. */
static int compare_maybe(struct view a, struct view b)
{
	if (a.p == NULL || b.p == NULL)
		return (a.p != NULL) - (b.p != NULL);
	return compare_part(a, b);
}

int version_rpm_compare(struct view va, struct view vb)
{
	struct evr a = split(va), b = split(vb);
	int rc = version_digits(a.epoch, b.epoch);

	if (rc == 0)
		rc = compare_part(a.version, b.version);
	if (rc == 0)
		rc = compare_maybe(a.release, b.release);
	return rc;
}

static bool part_valid(struct view v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (!version_is_letter(v.p[i]) && !version_is_digit(v.p[i]) &&
		    (v.p[i] == '\0' || strchr("._+~^", v.p[i]) == NULL))
			return false;
	return v.n > 0;
}

bool version_rpm_valid(struct view v)
{
	struct evr r = split(v);

	return (r.epoch.p == NULL ||
		(r.epoch.n > 0 && version_digits(r.epoch, VIEW("4294967295")) <= 0)) &&
	       part_valid(r.version) && (r.release.p == NULL || part_valid(r.release));
}
