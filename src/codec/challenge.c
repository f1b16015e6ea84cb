/*
 * challenge.c - a forgiving reader of WWW-Authenticate.
 *
 * The line is a list of words, some followed by "=" and a value.  A word without "=" that
 * begins a list element names a scheme and ends the challenge before it; a word with "="
 * is a parameter of the challenge that is open.  All else is skipped, byte by byte if
 * need be.
 */
#include "codec/challenge.h"

#include <string.h>

#define LINE_MAX_BYTES 8192

enum scheme { SCHEME_OTHER, SCHEME_BASIC, SCHEME_BEARER };

struct reader {
	struct view rest;
	bool element; /* nothing but white space since a comma or the beginning */
	enum scheme open;
	bool unusable; /* a value of the open challenge was too long or not text */
	struct challenge found; /* the open challenge's parameters */
};

static char peek(const struct reader *r)
{
	return r->rest.n > 0 ? r->rest.p[0] : '\0';
}

static void skip(struct reader *r, size_t n)
{
	r->rest.p += n;
	r->rest.n -= n;
}

static void skip_space(struct reader *r)
{
	while (r->rest.n > 0 && (peek(r) == ' ' || peek(r) == '\t'))
		skip(r, 1);
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct view take_word(struct reader *r)
{
	struct view word = { r->rest.p, 0 };

	while (r->rest.n > 0 && is_word_char(peek(r))) {
		word.n++;
		skip(r, 1);
	}
	return word;
}

/* Append c to the value, if there is one; false when it does not fit or is no text. */
static bool put(char *to, size_t cap, size_t *n, char c)
{
	if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
		return false;
	if (to == NULL)
		return true;
	if (*n + 1 >= cap)
		return false;
	to[(*n)++] = c;
	to[*n] = '\0';
	return true;
}

/* A quoted string, read past its end. False: not terminated, too long or not text. */
static bool take_quoted(struct reader *r, char *to, size_t cap)
{
	size_t n = 0;
	bool good = true;

	for (skip(r, 1); r->rest.n > 0; skip(r, 1)) {
		if (peek(r) == '"') {
			skip(r, 1);
			return good;
		}
		if (peek(r) == '\\' && r->rest.n > 1)
			skip(r, 1);
		good = put(to, cap, &n, peek(r)) && good;
	}
	return false;
}

/* The value after "="; to NULL: nobody wants it. */
static bool take_value(struct reader *r, char *to, size_t cap)
{
	size_t n = 0;
	bool good = true;

	skip_space(r);
	if (peek(r) == '"')
		return take_quoted(r, to, cap);
	for (; r->rest.n > 0 && peek(r) != ',' && peek(r) != ' ' && peek(r) != '\t';
	     skip(r, 1))
		good = put(to, cap, &n, peek(r)) && good;
	return good;
}

static void take_param(struct reader *r, struct view name)
{
	struct {
		const char *name;
		char *to;
		size_t cap;
	} known[] = {
		{ "realm", r->found.realm, sizeof(r->found.realm) },
		{ "service", r->found.service, sizeof(r->found.service) },
		{ "scope", r->found.scope, sizeof(r->found.scope) },
		{ "error", r->found.error, sizeof(r->found.error) },
	};
	char *to = NULL;
	size_t cap = 0, i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (view_is_nocase(name, known[i].name) && known[i].to[0] == '\0') {
			to = known[i].to;
			cap = known[i].cap;
		}
	if (take_value(r, to, cap))
		return;
	if (to == r->found.error)
		r->found.error[0] = '\0'; /* only ever a hint */
	else if (to != NULL)
		r->unusable = true;
}

static void close_challenge(struct reader *r, struct challenge *c)
{
	if (r->open == SCHEME_BASIC)
		c->basic = true;
	if (r->open == SCHEME_BEARER && !r->unusable && !c->bearer && r->found.realm[0]) {
		r->found.basic = c->basic;
		r->found.bearer = true;
		*c = r->found;
	}
	memset(&r->found, 0, sizeof(r->found));
	r->unusable = false;
	r->open = SCHEME_OTHER;
}

static enum scheme scheme_of(struct view word)
{
	if (view_is_nocase(word, "basic"))
		return SCHEME_BASIC;
	return view_is_nocase(word, "bearer") ? SCHEME_BEARER : SCHEME_OTHER;
}

/* A scheme begins a list element. Where the comma before it was forgotten, one of ours
 * that is followed by a space is taken for one too; other words are some scheme's
 * token68. */
static bool begins_challenge(struct view word, bool element, char next)
{
	return element || (scheme_of(word) != SCHEME_OTHER && next == ' ');
}

void challenge_parse(struct view header, struct challenge *c)
{
	struct reader r = { .rest = header, .element = true };
	bool cut = header.n > LINE_MAX_BYTES;

	if (cut)
		r.rest.n = LINE_MAX_BYTES;
	while (skip_space(&r), r.rest.n > 0) {
		bool element = r.element;
		struct view word = take_word(&r);
		char next = peek(&r);

		r.element = false;
		if (word.n == 0) {
			r.element = next == ',';
			if (next == '"')
				take_quoted(&r, NULL, 0);
			else
				skip(&r, 1);
			continue;
		}
		skip_space(&r);
		if (peek(&r) == '=') {
			skip(&r, 1);
			take_param(&r, word);
		} else if (begins_challenge(word, element, next)) {
			close_challenge(&r, c);
			r.open = scheme_of(word);
		}
	}
	r.unusable |= cut; /* its last value may be half of one */
	close_challenge(&r, c);
}
