/*
 * dockwords.c - cutting an instruction into words. No state.
 */
#include "discover/dockwords.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void pass_spaces(struct view line, size_t *i)
{
	while (*i < line.n && is_space(line.p[*i]))
		++*i;
}

struct dockword dockwords_next(struct view line, size_t *i)
{
	struct dockword w;

	pass_spaces(line, i);
	w.i = *i;
	while (*i < line.n && !is_space(line.p[*i]))
		++*i;
	w.n = *i - w.i;
	return w;
}

struct dockword dockwords_quoted(struct view line, size_t *i, char escape)
{
	struct dockword w;
	char quote = '\0';

	pass_spaces(line, i);
	w.i = *i;
	for (; *i < line.n && (quote != '\0' || !is_space(line.p[*i])); ++*i) {
		char c = line.p[*i];

		if (c == escape && quote != '\'' && *i + 1 < line.n)
			++*i;
		else if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '\'' || c == '"'))
			quote = c;
	}
	w.n = *i - w.i;
	return w;
}

struct dockword dockwords_flag(struct view line, size_t *i, char escape, struct buf *text)
{
	struct dockword w = { 0, 0 };
	char quote = '\0';
	size_t j;

	pass_spaces(line, i);
	if (line.n - *i < 2 || line.p[*i] != '-' || line.p[*i + 1] != '-')
		return w;
	buf_clear(text);
	for (j = *i; j < line.n && (quote != '\0' || !is_space(line.p[j])); j++) {
		char c = line.p[j];

		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
			continue;
		}
		if (c == escape) {
			if (j + 1 == line.n)
				continue;
			c = line.p[++j];
		}
		buf_add(text, &c, 1); /* what is over its limit is no flag of ours */
	}
	w = (struct dockword){ *i, j - *i };
	*i = j;
	if (text->n == 2) /* "--": here the flags end */
		w.n = 0;
	return w;
}
