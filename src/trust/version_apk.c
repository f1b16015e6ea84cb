/*
 * version_apk.c - number{.number}...{letter}{_suffix{number}}...{~hash}{-r#}, as
 * apk-package(5) of apk-tools 3 says.
 *
 * Both are read piece by piece. While the kinds of pieces are the same, the pieces
 * decide. Where they are not, one that goes on is later than one that ends, but for the
 * suffixes of what comes before a release; else the kind that stands earlier in the
 * grammar is the later version: 1.0.1 is after 1.0a, and that after 1.0-r1.
 */
#include "trust/version_impl.h"

enum kind { FIRST, NUMBER, LETTER, SUFFIX, SUFFIX_NUMBER, HASH, REVISION, END, BROKEN };

/* In their order; those up to RELEASE come before the version without suffix. */
static const char *const suffixes[] = { "alpha", "beta", "pre", "rc", "",
					"cvs",	 "svn",	 "git", "hg", "p" };
#define RELEASE 4

struct piece {
	enum kind kind;
	struct view text;
	int suffix;
	struct view rest;
};

static void skip(struct view *v, size_t n)
{
	v->p += n;
	v->n -= n;
}

static struct view take(struct view *v, bool (*is)(char c))
{
	struct view run = { v->p, 0 };

	while (run.n < v->n && is(v->p[run.n]))
		run.n++;
	skip(v, run.n);
	return run;
}

static bool is_hex(char c)
{
	return version_is_digit(c) || (c >= 'a' && c <= 'f');
}

static int suffix_rank(struct view text)
{
	int i;

	for (i = 0; text.n > 0 && i < (int)(sizeof(suffixes) / sizeof(suffixes[0])); i++)
		if (view_is(text, suffixes[i]))
			return i;
	return -1;
}

/* The next piece is of that kind, with what was read for it; nothing: it is broken. */
static void become(struct piece *p, enum kind kind, struct view text)
{
	p->kind = text.n > 0 ? kind : BROKEN;
	p->text = text;
}

static void next_number(struct piece *p, bool dotted)
{
	enum kind kind = p->kind <= NUMBER		? NUMBER
			 : p->kind == SUFFIX && !dotted ? SUFFIX_NUMBER
							: BROKEN;

	become(p, kind, take(&p->rest, version_is_digit));
}

static void next_suffix(struct piece *p)
{
	become(p, SUFFIX, take(&p->rest, version_is_lower));
	p->suffix = suffix_rank(p->text);
	if (p->suffix < 0)
		p->kind = BROKEN;
}

static void next(struct piece *p)
{
	enum kind before = p->kind;
	char c = p->rest.n > 0 ? *p->rest.p : '\0';

	if (p->rest.n == 0) {
		p->kind = END;
	} else if (version_is_digit(c)) {
		next_number(p, false);
	} else if (version_is_lower(c) && before <= NUMBER) {
		become(p, LETTER, (struct view){ p->rest.p, 1 });
		skip(&p->rest, 1);
	} else if (c == '.' && before <= NUMBER) {
		skip(&p->rest, 1);
		next_number(p, true);
	} else if (c == '_' && before <= SUFFIX_NUMBER) {
		skip(&p->rest, 1);
		next_suffix(p);
	} else if (c == '~' && before < HASH) {
		skip(&p->rest, 1);
		become(p, HASH, take(&p->rest, is_hex));
	} else if (view_starts(p->rest, "-r") && before < REVISION) {
		skip(&p->rest, 2);
		become(p, REVISION, take(&p->rest, version_is_digit));
	} else {
		p->kind = BROKEN;
	}
}

static struct piece first(struct view v)
{
	struct piece p = { .kind = FIRST, .rest = v };

	become(&p, FIRST, take(&p.rest, version_is_digit));
	return p;
}

/* Of two of one kind. After the first number, one with a zero in front is a fraction:
 * both are text. */
static int compare_piece(const struct piece *a, const struct piece *b)
{
	switch (a->kind) {
	case NUMBER:
		if (*a->text.p == '0' || *b->text.p == '0')
			return version_bytes(a->text, b->text);
		return version_digits(a->text, b->text);
	case FIRST:
	case SUFFIX_NUMBER:
	case REVISION:
		return version_digits(a->text, b->text);
	case SUFFIX:
		return a->suffix - b->suffix;
	default:
		return version_bytes(a->text, b->text);
	}
}

static bool is_before_release(const struct piece *p)
{
	return p->kind == SUFFIX && p->suffix < RELEASE;
}

int version_apk_compare(struct view va, struct view vb)
{
	struct piece a = first(va), b = first(vb);
	int rc;

	while (a.kind == b.kind && a.kind < END) {
		rc = compare_piece(&a, &b);
		if (rc != 0)
			return rc;
		next(&a);
		next(&b);
	}
	if (a.kind == b.kind) /* both at their end, or broken at the same place */
		return a.kind == END ? 0 : version_bytes(va, vb);
	if (is_before_release(&a) || is_before_release(&b))
		return is_before_release(&a) ? -1 : 1;
	return (int)b.kind - (int)a.kind;
}

bool version_apk_valid(struct view v)
{
	struct piece p = first(v);

	while (p.kind < END)
		next(&p);
	return p.kind == END;
}
