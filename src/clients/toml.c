/*
 * toml.c - one pass over the text, a statement at a time.
 *
 * A statement begins on a line of its own: a [table], or key = value.  Values are
 * skipped: strings of four kinds, and brackets, inside which lines may end.
 */
#include "clients/toml.h"

#include <string.h>

static int refuse(const struct toml *t, struct err *e, const char *why)
{
	size_t at = t->at < t->text.n ? t->at : t->text.n, column = 1;

	while (at > 0 && t->text.p[at - 1] != '\n') {
		at--;
		column++;
	}
	return err_set(e, ERR_INVALID, "not usable TOML: line %u, column %zu: %s",
		       t->line, column, why);
}

static bool more(const struct toml *t)
{
	return t->at < t->text.n;
}

static char peek(const struct toml *t)
{
	return more(t) ? t->text.p[t->at] : '\n';
}

static bool follows(const struct toml *t, const char *s)
{
	return view_starts((struct view){ t->text.p + t->at, t->text.n - t->at }, s);
}

static void skip_blanks(struct toml *t)
{
	while (more(t) && (peek(t) == ' ' || peek(t) == '\t'))
		t->at++;
}

/* Over what may stand behind a statement: blanks and a comment, up to its newline. */
static void skip_comment(struct toml *t)
{
	skip_blanks(t);
	if (peek(t) == '#')
		while (more(t) && peek(t) != '\n')
			t->at++;
	if (follows(t, "\r\n"))
		t->at++;
}

static int end_line(struct toml *t, struct err *e)
{
	skip_comment(t);
	if (!more(t))
		return 0;
	if (peek(t) != '\n')
		return refuse(t, e, "a line should end here");
	t->at++;
	t->line++;
	return 0;
}

static int add_part(struct toml *t, struct toml_name *name, struct view part,
		    struct err *e)
{
	if (name->n == TOML_MAX_PARTS || name->used + part.n + 1 > sizeof(name->bytes))
		return refuse(t, e, "too long a name");
	memcpy(name->bytes + name->used, part.p, part.n);
	name->bytes[name->used + part.n] = '\0';
	name->used += part.n + 1;
	name->n++;
	return 0;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int read_part(struct toml *t, struct toml_name *name, struct err *e)
{
	struct view part = { t->text.p + t->at, 0 };
	char quote = peek(t);

	if (quote == '"' || quote == '\'') {
		t->at++;
		part.p++;
		for (; peek(t) != quote; t->at++, part.n++)
			if (peek(t) == '\n' || peek(t) == '\\')
				return refuse(t, e,
					      "a quoted name does not end, or has a "
					      "backslash");
		t->at++;
	} else {
		for (; is_bare(peek(t)); t->at++)
			part.n++;
		if (part.n == 0)
			return refuse(t, e, "a name should stand here");
	}
	return add_part(t, name, part, e);
}

/* a."b".c, with blanks around the dots. */
static int read_name(struct toml *t, struct toml_name *name, struct err *e)
{
	for (;;) {
		skip_blanks(t);
		if (read_part(t, name, e) != 0)
			return -1;
		skip_blanks(t);
		if (peek(t) != '.')
			return 0;
		t->at++;
	}
}

static int skip_string(struct toml *t, struct err *e)
{
	char quote = peek(t);
	const char *three = quote == '"' ? "\"\"\"" : "'''";
	bool is_long = follows(t, three);
	struct toml begin = *t;

	t->at += is_long ? 3 : 1;
	while (more(t)) {
		if (is_long ? follows(t, three) : peek(t) == quote) {
			t->at += is_long ? 3 : 1;
			while (is_long && peek(t) == quote) /* """a"""" ends in one */
				t->at++;
			return 0;
		}
		if (peek(t) == '\n') {
			if (!is_long)
				break;
			t->line++;
		} else if (peek(t) == '\\' && quote == '"' && t->at + 1 < t->text.n) {
			t->at++;
			t->line += peek(t) == '\n';
		}
		t->at++;
	}
	return refuse(&begin, e, "a text that does not end");
}

static int skip_value(struct toml *t, struct err *e)
{
	struct toml begin = *t;
	size_t depth = 0;

	while (more(t)) {
		char c = peek(t);

		if (c == '"' || c == '\'') {
			if (skip_string(t, e) != 0)
				return -1;
			continue;
		}
		if ((c == '\n' || c == '#' || follows(t, "\r\n")) && depth == 0)
			return 0;
		if (c == '#') {
			skip_comment(t);
			continue;
		}
		if (((unsigned char)c < ' ' && strchr("\t\n", c) == NULL &&
		     !follows(t, "\r\n")) ||
		    c == '\0')
			return refuse(t, e, "a control character");
		t->line += c == '\n';
		depth += c == '[' || c == '{';
		if (c == ']' || c == '}') {
			if (depth == 0)
				return refuse(t, e, "a bracket that nothing opened");
			depth--;
		}
		t->at++;
	}
	return depth == 0 ? 0 : refuse(&begin, e, "a bracket that does not end");
}

static int read_table(struct toml *t, struct toml_item *out, struct err *e)
{
	bool entry = follows(t, "[[");

	out->kind = entry ? TOML_ENTRY_TABLE : TOML_TABLE;
	t->at += entry ? 2 : 1;
	if (read_name(t, &out->name, e) != 0)
		return -1;
	if (!follows(t, entry ? "]]" : "]"))
		return refuse(t, e, "a table's name should end here");
	t->at += entry ? 2 : 1;
	t->table = out->name;
	return end_line(t, e);
}

static int read_key(struct toml *t, struct toml_item *out, struct err *e)
{
	size_t from;

	out->kind = TOML_KEY;
	out->name = t->table;
	if (read_name(t, &out->name, e) != 0)
		return -1;
	out->own = out->name.n - t->table.n;
	if (peek(t) != '=')
		return refuse(t, e, "\"=\" should stand here");
	t->at++;
	skip_blanks(t);
	from = t->at;
	if (skip_value(t, e) != 0)
		return -1;
	out->value = view_trim((struct view){ t->text.p + from, t->at - from });
	if (out->value.n == 0)
		return refuse(t, e, "a value is missing");
	return end_line(t, e);
}

int toml_next(struct toml *t, struct toml_item *out, struct err *e)
{
	size_t start;
	int rc;

	if (t->at == 0) {
		t->line = 1;
		if (follows(t, "\xef\xbb\xbf"))
			t->at = 3;
	}
	for (;;) {
		start = t->at;
		skip_comment(t);
		if (!more(t))
			return 0;
		if (peek(t) != '\n')
			break;
		t->at++;
		t->line++;
	}
	*out = (struct toml_item){ .start = start, .line = t->line };
	rc = peek(t) == '[' ? read_table(t, out, e) : read_key(t, out, e);
	out->end = t->at;
	return rc == 0 ? 1 : -1;
}

const char *toml_part(const struct toml_name *name, size_t i)
{
	const char *p = name->bytes;

	if (i >= name->n)
		return "";
	while (i-- > 0)
		p += strlen(p) + 1;
	return p;
}

bool toml_starts(const struct toml_name *name, const char *const *parts)
{
	for (size_t i = 0; parts[i] != NULL; i++)
		if (i >= name->n || strcmp(toml_part(name, i), parts[i]) != 0)
			return false;
	return true;
}

bool toml_string(struct view value, struct view *out)
{
	char quote = value.n >= 2 ? value.p[0] : '\0';
	struct view inside;

	if ((quote != '"' && quote != '\'') || value.p[value.n - 1] != quote)
		return false;
	inside = (struct view){ value.p + 1, value.n - 2 };
	if (memchr(inside.p, quote, inside.n) != NULL ||
	    (quote == '"' && memchr(inside.p, '\\', inside.n) != NULL))
		return false;
	*out = inside;
	return true;
}
