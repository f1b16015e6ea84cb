/*
 * heredoc.c - words with quotes, and what of them is a here-document. No state.
 */
#include "discover/heredoc.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the word that begins at i, quotes and what follows "<<" being part of it.
 * SIZE_MAX: a quote without its end. */
static size_t word_end(struct view v, size_t i)
{
	while (i < v.n && !is_space(v.p[i])) {
		char c = v.p[i++];

		if (c == '\\') { /* here always: BuildKit does not ask the directive */
			i += i < v.n;
		} else if (c == '\'' || c == '"') {
			while (i < v.n && v.p[i] != c)
				i += c == '"' && v.p[i] == '\\' ? 2 : 1;
			if (i >= v.n)
				return SIZE_MAX;
			i++;
		} else if (c == '<' && i < v.n && v.p[i] == '<') {
			for (i++; i < v.n && (v.p[i] == ' ' || v.p[i] == '\t'); i++)
				;
		}
	}
	return i;
}

/* [0-9]*<<-?NAME, without another "<". */
static bool read_word(struct view w, struct heredoc *out)
{
	size_t i = 0, n = 0;
	char quote = '\0';

	while (i < w.n && isdigit((unsigned char)w.p[i]))
		i++;
	if (w.n - i < 3 || w.p[i] != '<' || w.p[i + 1] != '<')
		return false;
	i += 2;
	out->tabs = w.p[i] == '-';
	i += out->tabs;
	while (i < w.n && is_space(w.p[i]))
		i++;
	for (; i < w.n; i++) {
		char c = w.p[i];

		if (c == '<')
			return false;
		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
			continue;
		}
		if (c == '\\' && quote == '\0' && i + 1 < w.n)
			c = w.p[++i];
		if (n == HEREDOC_MAX_NAME)
			return false;
		out->name[n++] = c;
	}
	out->name[n] = '\0';
	return n > 0;
}

static struct view next_word(struct view *rest)
{
	struct view w;

	*rest = view_trim(*rest);
	w = *rest;
	for (w.n = 0; w.n < rest->n && !is_space(rest->p[w.n]); w.n++)
		;
	rest->p += w.n;
	rest->n -= w.n;
	return w;
}

static bool is_list(struct view args)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	size_t i;

	if (args.n == 0 || args.p[0] != '[')
		return false;
	doc = json_parse(args, NULL);
	for (i = 0; i < json_len(doc); i++)
		if (json_str(json_at(doc, i)) == NULL)
			return false;
	return doc != NULL;
}

size_t heredoc_read(struct view v, struct heredoc out[HEREDOC_MAX])
{
	struct view rest = v, w = next_word(&rest);
	size_t i = 0, end, n = 0;

	if (view_is_nocase(w, "ONBUILD"))
		w = next_word(&rest);
	if (!view_is_nocase(w, "RUN") && !view_is_nocase(w, "COPY") &&
	    !view_is_nocase(w, "ADD"))
		return 0;
	rest = view_trim(rest);
	while (rest.n > 1 && rest.p[0] == '-' && rest.p[1] == '-') {
		next_word(&rest);
		rest = view_trim(rest);
	}
	if (is_list(rest))
		return 0;
	for (; i < v.n; i = end) {
		while (i < v.n && is_space(v.p[i]))
			i++;
		end = word_end(v, i);
		if (end == SIZE_MAX)
			return 0;
		if (n < HEREDOC_MAX &&
		    read_word((struct view){ v.p + i, end - i }, &out[n]))
			n++;
	}
	return n;
}
