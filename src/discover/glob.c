/*
 * glob.c - matching by sets of places: after each piece of the pattern, where in the text
 * one may stand. No backtracking, so the work is known beforehand.
 */
#include "discover/glob.h"

#include <string.h>

int glob_read(struct glob *g, struct view pattern, struct err *e)
{
	size_t i;

	g->n = 0;
	if (pattern.n > GLOB_MAX)
		return err_set(e, ERR_LIMIT, "a pattern over %d bytes", GLOB_MAX);
	for (i = 0; i < pattern.n; i++) {
		char c = pattern.p[i], kind = c == '*' || c == '?' ? c : '\0';

		if (c == '\\') {
			if (i + 1 == pattern.n ||
			    strchr("*?\\}/", pattern.p[i + 1]) == NULL)
				return err_set(e, ERR_INVALID,
					       "a pattern with a \"\\\" before no "
					       "special letter");
			c = pattern.p[++i];
		}
		g->piece[g->n].kind = kind;
		g->piece[g->n++].letter = c;
	}
	return 0;
}

/* ends[j]: the pattern matches text's first j bytes. */
static int match(struct glob *g, struct view text, bool ends[GLOB_MAX + 1], struct err *e)
{
	size_t i, j;

	if (text.n > GLOB_MAX || *g->work < (g->n + 1) * (text.n + 1))
		return err_set(e, ERR_LIMIT, "patterns that ask too much");
	*g->work -= (g->n + 1) * (text.n + 1);
	memset(ends, 0, (GLOB_MAX + 1) * sizeof(*ends));
	ends[0] = true;
	for (i = 0; i < g->n; i++) {
		if (g->piece[i].kind == '*') {
			for (j = 1; j <= text.n; j++)
				ends[j] = ends[j] || ends[j - 1];
			continue;
		}
		for (j = text.n; j > 0; j--)
			ends[j] = ends[j - 1] && (g->piece[i].kind == '?' ||
						  text.p[j - 1] == g->piece[i].letter);
		ends[0] = false;
	}
	return 0;
}

static int put(struct buf *out, const char *p, size_t n, struct err *e)
{
	if (buf_add(out, p, n) != 0)
		return err_set(e, ERR_LIMIT, "too long with its variables");
	return 0;
}

int glob_trim_start(struct glob *g, struct view text, bool greedy, struct buf *out,
		    struct err *e)
{
	bool ends[GLOB_MAX + 1];
	size_t j, cut = 0;

	if (match(g, text, ends, e) != 0)
		return -1;
	for (j = 0; j <= text.n; j++) {
		if (!ends[j])
			continue;
		cut = j;
		if (!greedy)
			break;
	}
	return put(out, text.p + cut, text.n - cut, e);
}

int glob_trim_end(struct glob *g, struct view text, bool greedy, struct buf *out,
		  struct err *e)
{
	bool ends[GLOB_MAX + 1];
	size_t start, keep = text.n;

	for (start = text.n + 1; start-- > 0;) {
		struct view rest = { text.p + start, text.n - start };

		if (match(g, rest, ends, e) != 0)
			return -1;
		if (!ends[rest.n])
			continue;
		keep = start;
		if (!greedy)
			break;
	}
	return put(out, text.p, keep, e);
}

int glob_replace(struct glob *g, struct view text, bool all, struct view word,
		 struct buf *out, struct err *e)
{
	bool ends[GLOB_MAX + 1], done = false;
	size_t i = 0;

	while (i < text.n) {
		struct view rest = { text.p + i, text.n - i };
		size_t j = 0;

		if (!done) {
			if (match(g, rest, ends, e) != 0)
				return -1;
			for (j = rest.n; j > 0 && !ends[j]; j--)
				;
		}
		if (j > 0) {
			if (put(out, word.p, word.n, e) != 0)
				return -1;
			i += j;
			done = !all;
		} else if (put(out, text.p + i++, 1, e) != 0) {
			return -1;
		}
	}
	return 0;
}
