/*
 * expand.c - one reader for all dialects, which goes down once for each ${.
 */
#include "discover/expand.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "discover/glob.h"

struct scan {
	struct expand *x;
	struct view text;
	size_t i;
	unsigned depth;
	/* In a word that may not be needed: a variable that is not set is no error yet.
	 */
	unsigned aside;
	char missing[EXPAND_MAX_NAME + 1]; /* the first one of these, or "" */
};

static int scan_until(struct scan *s, char stop, bool raw, struct buf *out,
		      struct err *e);

static int too_long(struct err *e)
{
	return err_set(e, ERR_LIMIT, "too long with its variables");
}

static int add(struct buf *out, const char *p, size_t n, struct err *e)
{
	return buf_add(out, p, n) == 0 ? 0 : too_long(e);
}

static bool at_end(const struct scan *s)
{
	return s->i >= s->text.n;
}

static char peek(const struct scan *s)
{
	return at_end(s) ? '\0' : s->text.p[s->i];
}

/* A name, or one of the shell's special parameters. false: it is too long. */
static bool read_name(struct scan *s, char name[EXPAND_MAX_NAME + 1])
{
	size_t n = 0;
	bool digits = isdigit((unsigned char)peek(s)) != 0;

	if (s->x->dialect == EXPAND_DOCKERFILE && !at_end(s) && !digits &&
	    strchr("@*#?-$!", peek(s)) != NULL) {
		name[n++] = s->text.p[s->i++];
		name[n] = '\0';
		return true;
	}
	while (!at_end(s) && (isalnum((unsigned char)peek(s)) || peek(s) == '_') &&
	       (!digits || isdigit((unsigned char)peek(s)))) {
		if (n == EXPAND_MAX_NAME)
			return false;
		name[n++] = s->text.p[s->i++];
	}
	name[n] = '\0';
	return true;
}

static int unset(struct scan *s, const char *name, struct err *e)
{
	if (s->aside == 0)
		return err_set(e, ERR_INVALID, "%s has no value", name);
	if (s->missing[0] == '\0')
		memcpy(s->missing, name, strlen(name) + 1);
	return 0;
}

/* The word of ${NAME<op>WORD}; missing: the first variable in it that is not set. */
static int read_word(struct scan *s, struct buf *word, char missing[EXPAND_MAX_NAME + 1],
		     struct err *e)
{
	char before[EXPAND_MAX_NAME + 1];
	int rc;

	memcpy(before, s->missing, sizeof(before));
	s->missing[0] = '\0';
	s->aside++;
	rc = scan_until(s, '}', false, word, e);
	s->aside--;
	memcpy(missing, s->missing, sizeof(before));
	memcpy(s->missing, before, sizeof(before));
	return rc;
}

static int with_word(struct scan *s, const char *name, const char *value, struct buf *out,
		     struct err *e)
{
	CLEANUP(buf_done)
	struct buf word = BUF_INIT(out->limit);
	char missing[EXPAND_MAX_NAME + 1];
	bool colon = peek(s) == ':', usable;
	char op;

	s->i += colon;
	op = peek(s);
	if (op == '\0' || strchr("-+?", op) == NULL)
		return err_set(e, ERR_INVALID, "${%s%s%c...}: no form that is known",
			       name, colon ? ":" : "", op != '\0' ? op : ' ');
	s->i++;
	if (read_word(s, &word, missing, e) != 0)
		return -1;
	usable = value != NULL && (!colon || value[0] != '\0');
	if (op == '+' && !usable)
		return 0;
	if (op != '+' && usable)
		return add(out, value, strlen(value), e);
	if (op == '?')
		return unset(s, name, e);
	if (missing[0] != '\0')
		return unset(s, missing, e);
	return add(out, buf_str(&word), word.n, e);
}

/* ${NAME#PATTERN}, ${NAME%PATTERN}, ${NAME/PATTERN/WORD}. */
static int with_pattern(struct scan *s, const char *name, const char *value,
			struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf pattern = BUF_INIT(EXPAND_MAX_PATTERN);
	CLEANUP(buf_done)
	struct buf word = BUF_INIT(EXPAND_MAX_PATTERN);
	char op = s->text.p[s->i++];
	bool twice = peek(s) == op;
	struct glob g = { .work = &s->x->work };

	s->i += twice;
	if (scan_until(s, op == '/' ? '/' : '}', true, &pattern, e) != 0 ||
	    (op == '/' && scan_until(s, '}', true, &word, e) != 0))
		return -1;
	if (value == NULL)
		return unset(s, name, e);
	if (strlen(value) > EXPAND_MAX_PATTERN)
		return too_long(e);
	if (glob_read(&g, buf_view(&pattern), e) != 0)
		return err_add(e, "${%s%c...}", name, op);
	if (op == '#')
		return glob_trim_start(&g, view_of(value), twice, out, e);
	if (op == '%')
		return glob_trim_end(&g, view_of(value), twice, out, e);
	return glob_replace(&g, view_of(value), twice, buf_view(&word), out, e);
}

static int dollar(struct scan *s, struct buf *out, struct err *e)
{
	char name[EXPAND_MAX_NAME + 1];
	const char *value;
	int rc;

	s->i++;
	if (s->x->dialect != EXPAND_DOCKERFILE && peek(s) == '$') {
		s->i++;
		return add(out, "$", 1, e);
	}
	if (peek(s) != '{') {
		if (!read_name(s, name))
			return too_long(e);
		if (name[0] == '\0')
			return add(out, "$", 1, e);
		value = s->x->value(s->x->arg, name);
		return value != NULL ? add(out, value, strlen(value), e)
				     : unset(s, name, e);
	}
	s->i++;
	if (!read_name(s, name))
		return too_long(e);
	if (name[0] == '\0')
		return err_set(e, ERR_INVALID, "\"${\" without a variable's name");
	value = s->x->value(s->x->arg, name);
	if (peek(s) == '}') {
		s->i++;
		return value != NULL ? add(out, value, strlen(value), e)
				     : unset(s, name, e);
	}
	if (at_end(s))
		return err_set(e, ERR_INVALID, "${%s without a }", name);
	if (s->x->dialect == EXPAND_GITLAB)
		return err_set(e, ERR_INVALID, "${%s%c...}: GitLab has no such form",
			       name, peek(s));
	if (s->depth == EXPAND_MAX_DEPTH)
		return err_set(e, ERR_LIMIT, "more than %d ${ in one another",
			       EXPAND_MAX_DEPTH);
	s->depth++;
	if (s->x->dialect == EXPAND_DOCKERFILE && strchr("#%/", peek(s)) != NULL)
		rc = with_pattern(s, name, value, out, e);
	else
		rc = with_word(s, name, value, out, e);
	s->depth--;
	return rc;
}

static int single_quote(struct scan *s, struct buf *out, struct err *e)
{
	const char *p = s->text.p + s->i + 1;
	const char *end = memchr(p, '\'', s->text.n - s->i - 1);

	if (end == NULL) {
		s->i = s->text.n;
		return err_set(e, ERR_INVALID, "a ' without another");
	}
	s->i += (size_t)(end - p) + 2;
	return add(out, p, (size_t)(end - p), e);
}

static int double_quote(struct scan *s, struct buf *out, struct err *e)
{
	s->i++;
	while (!at_end(s) && peek(s) != '"') {
		if (peek(s) == '$') {
			if (dollar(s, out, e) != 0)
				return -1;
			continue;
		}
		if (peek(s) == s->x->escape && s->i + 1 < s->text.n) {
			char next = s->text.p[s->i + 1];

			s->i += next == '"' || next == '$' || next == s->x->escape;
		}
		if (add(out, s->text.p + s->i++, 1, e) != 0)
			return -1;
	}
	if (at_end(s))
		return err_set(e, ERR_INVALID, "a \" without another");
	s->i++;
	return 0;
}

/* raw: the escape character stays, for a pattern. */
static int scan_until(struct scan *s, char stop, bool raw, struct buf *out, struct err *e)
{
	bool docker = s->x->dialect == EXPAND_DOCKERFILE;

	while (!at_end(s)) {
		char c = peek(s);
		int rc;

		if (stop != '\0' && c == stop) {
			s->i++;
			return 0;
		}
		if (c == '$') {
			rc = dollar(s, out, e);
		} else if (docker && c == '\'') {
			rc = single_quote(s, out, e);
		} else if (docker && c == '"') {
			rc = double_quote(s, out, e);
		} else if (docker && c == s->x->escape) {
			rc = raw ? add(out, &c, 1, e) : 0;
			s->i++;
			if (rc == 0 && !at_end(s))
				rc = add(out, s->text.p + s->i++, 1, e);
		} else {
			rc = add(out, &c, 1, e);
			s->i++;
		}
		if (rc != 0)
			return -1;
	}
	if (stop != '\0')
		return err_set(e, ERR_INVALID, "\"${\" without a \"%c\"", stop);
	return 0;
}

int expand_text(struct expand *x, struct view text, struct buf *out, struct err *e)
{
	struct scan s = { .x = x, .text = text };

	return scan_until(&s, '\0', false, out, e);
}
