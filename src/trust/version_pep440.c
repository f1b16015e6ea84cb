/*
 * version_pep440.c - versions of Python distributions, PEP 440 with the spellings of its
 * "Normalization" ("1.0-RC.1" is 1.0rc1, "1.0-1" is 1.0.post1).
 *
 * A version is cut into views of what was given; numbers are compared as digits, so that
 * none is too long.
 */
#include "trust/version_impl.h"

#include <string.h>
#include <strings.h>

enum pre { PRE_A, PRE_B, PRE_RC, PRE_NONE };

struct pep {
	struct view epoch;
	struct view release; /* "1.2.3" */
	enum pre pre;
	struct view pre_number;
	bool has_post, has_dev;
	struct view post, dev;
	struct view local; /* without "+" */
};

static void skip(struct view *v, size_t n)
{
	v->p += n;
	v->n -= n;
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct view trim(struct view v)
{
	while (v.n > 0 && is_space(*v.p))
		skip(&v, 1);
	while (v.n > 0 && is_space(v.p[v.n - 1]))
		v.n--;
	return v;
}

static bool take_word(struct view *v, const char *word)
{
	size_t n = strlen(word);

	if (v->n < n || strncasecmp(v->p, word, n) != 0)
		return false;
	skip(v, n);
	return true;
}

/* [-_.]? word [-_.]? digits?, of the first word that is there; its index or -1. */
static int take_mark(struct view *v, const char *const words[], struct view *number)
{
	struct view at = *v;
	int i;

	if (at.n > 0 && is_separator(*at.p))
		skip(&at, 1);
	for (i = 0; words[i] != NULL; i++)
		if (take_word(&at, words[i]))
			break;
	if (words[i] == NULL)
		return -1;
	if (at.n > 0 && is_separator(*at.p))
		skip(&at, 1);
	*number = version_take_digits(&at);
	*v = at;
	return i;
}

static void take_pre(struct view *v, struct pep *out)
{
	static const char *const words[] = { "alpha", "beta", "preview", "pre", "a",
					     "b",     "c",    "rc",	 NULL };
	static const enum pre means[] = { PRE_A, PRE_B, PRE_RC, PRE_RC,
					  PRE_A, PRE_B, PRE_RC, PRE_RC };
	int i = take_mark(v, words, &out->pre_number);

	out->pre = i >= 0 ? means[i] : PRE_NONE;
}

static void take_post(struct view *v, struct pep *out)
{
	static const char *const words[] = { "post", "rev", "r", NULL };
	struct view at = *v;

	if (at.n > 1 && *at.p == '-' && version_is_digit(at.p[1])) {
		skip(&at, 1);
		out->post = version_take_digits(&at);
		out->has_post = true;
		*v = at;
		return;
	}
	out->has_post = take_mark(v, words, &out->post) >= 0;
}

static bool take_release(struct view *v, struct pep *out)
{
	struct view digits = version_take_digits(v);

	if (digits.n == 0)
		return false;
	if (v->n > 0 && *v->p == '!') {
		out->epoch = digits;
		skip(v, 1);
		digits = version_take_digits(v);
		if (digits.n == 0)
			return false;
	}
	out->release = digits;
	while (v->n > 1 && *v->p == '.' && version_is_digit(v->p[1])) {
		skip(v, 1);
		version_take_digits(v);
	}
	out->release.n = (size_t)(v->p - out->release.p);
	return true;
}

/* [a-z0-9]+([-_.][a-z0-9]+)*, to the end. */
static bool is_local(struct view v)
{
	bool after_separator = true;

	for (; v.n > 0; skip(&v, 1)) {
		if (is_separator(*v.p)
			    ? after_separator
			    : !version_is_letter(*v.p) && !version_is_digit(*v.p))
			return false;
		after_separator = is_separator(*v.p);
	}
	return !after_separator;
}

static bool parse(struct view v, struct pep *out)
{
	static const char *const dev[] = { "dev", NULL };

	*out = (struct pep){ .pre = PRE_NONE };
	v = trim(v);
	take_word(&v, "v");
	if (!take_release(&v, out))
		return false;
	take_pre(&v, out);
	take_post(&v, out);
	out->has_dev = take_mark(&v, dev, &out->dev) >= 0;
	if (v.n > 0 && *v.p == '+') {
		skip(&v, 1);
		out->local = v;
		return is_local(v);
	}
	return v.n == 0;
}

/* What is missing at the end is 0. */
static int compare_release(struct view a, struct view b)
{
	int rc = 0;

	while (rc == 0 && (a.n > 0 || b.n > 0)) {
		rc = version_digits(version_take_digits(&a), version_take_digits(&b));
		if (a.n > 0)
			skip(&a, 1);
		if (b.n > 0)
			skip(&b, 1);
	}
	return rc;
}

/* What comes after the release: 1.0.dev1 < 1.0a1 < 1.0 < 1.0.post1. */
static int stage(const struct pep *v)
{
	if (v->pre != PRE_NONE)
		return (int)v->pre;
	return v->has_dev && !v->has_post ? -1 : (int)PRE_NONE;
}

static int compare_marks(const struct pep *a, const struct pep *b)
{
	int rc = stage(a) - stage(b);

	if (rc == 0 && a->pre != PRE_NONE)
		rc = version_digits(a->pre_number, b->pre_number);
	if (rc == 0)
		rc = a->has_post - b->has_post;
	if (rc == 0 && a->has_post)
		rc = version_digits(a->post, b->post);
	if (rc == 0)
		rc = b->has_dev - a->has_dev;
	if (rc == 0 && a->has_dev)
		rc = version_digits(a->dev, b->dev);
	return rc;
}

static struct view take_segment(struct view *v)
{
	struct view segment = { v->p, 0 };

	while (segment.n < v->n && !is_separator(v->p[segment.n]))
		segment.n++;
	if (v->n > 0)
		skip(v, segment.n);
	if (v->n > 0)
		skip(v, 1);
	return segment;
}

static bool is_number(struct view v)
{
	version_take_digits(&v);
	return v.n == 0;
}

static int compare_nocase(struct view a, struct view b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int rc = strncasecmp(a.p, b.p, n);

	return rc != 0 ? rc : (a.n > b.n) - (a.n < b.n);
}

/* Segment by segment: none before any, words before numbers. */
static int compare_local(struct view a, struct view b)
{
	int rc = 0;

	while (rc == 0 && (a.n > 0 || b.n > 0)) {
		struct view x = take_segment(&a), y = take_segment(&b);

		if (x.n == 0 || y.n == 0)
			return (x.n > 0) - (y.n > 0);
		if (is_number(x) != is_number(y))
			return is_number(x) ? 1 : -1;
		rc = is_number(x) ? version_digits(x, y) : compare_nocase(x, y);
	}
	return rc;
}

int version_pep440_compare(struct view va, struct view vb)
{
	struct pep a, b;
	bool good_a = parse(va, &a), good_b = parse(vb, &b);
	int rc;

	if (!good_a || !good_b)
		return good_a != good_b ? good_a - good_b : version_bytes(va, vb);
	rc = version_digits(a.epoch, b.epoch);
	if (rc == 0)
		rc = compare_release(a.release, b.release);
	if (rc == 0)
		rc = compare_marks(&a, &b);
	return rc != 0 ? rc : compare_local(a.local, b.local);
}

bool version_pep440_valid(struct view v)
{
	struct pep out;

	return parse(v, &out);
}
