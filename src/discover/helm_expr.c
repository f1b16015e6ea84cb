/*
 * helm_expr.c - a small part of the language of templates. No state.
 */
#include "discover/helm_expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "discover/find.h"

struct scan {
	struct view text;
	size_t i;
	const struct yaml *values, *chart;
	unsigned depth;
};

struct args {
	char *v[HELM_EXPR_MAX_ARGS + 1];
	size_t n;
};

static char *pipeline(struct scan *s, struct err *e);

static void args_done(struct args *a)
{
	while (a->n > 0)
		free(a->v[--a->n]);
}

static void pass_spaces(struct scan *s)
{
	while (s->i < s->text.n && isspace((unsigned char)s->text.p[s->i]))
		s->i++;
}

static char peek(struct scan *s)
{
	pass_spaces(s);
	return s->i < s->text.n ? s->text.p[s->i] : '\0';
}

static char *lookup(const struct yaml *y, const char *path)
{
	while (y != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		CLEANUP(mem_freep)
		char *key = mem_dupn(path, n);

		y = yaml_get(y, key);
		path += n + (path[n] == '.');
	}
	if (y == NULL || y->kind == YAML_NULL)
		return mem_dup("");
	return y->kind == YAML_SCALAR ? mem_dup(y->text) : NULL;
}

static char *field(struct scan *s, const char *word, struct err *e)
{
	char *value = NULL;

	if (word[0] == '$')
		word++;
	if (strncmp(word, ".Values.", 8) == 0)
		value = lookup(s->values, word + 8);
	else if (strcmp(word, ".Chart.AppVersion") == 0)
		value = lookup(s->chart, "appVersion");
	else if (strcmp(word, ".Chart.Version") == 0)
		value = lookup(s->chart, "version");
	else if (strcmp(word, ".Chart.Name") == 0)
		value = lookup(s->chart, "name");
	if (value == NULL)
		err_set(e, ERR_INVALID, "%.100s is known to Helm alone", word);
	return value;
}

/* A text in double quotes or back quotes. */
static char *text(struct scan *s, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(FIND_MAX_TEXT);
	char quote = s->text.p[s->i++];

	while (s->i < s->text.n && s->text.p[s->i] != quote) {
		if (quote == '"' && s->text.p[s->i] == '\\' && s->i + 1 < s->text.n)
			s->i++;
		if (buf_add(&out, s->text.p + s->i++, 1) != 0)
			break;
	}
	if (s->i >= s->text.n || s->text.p[s->i] != quote) {
		err_set(e, ERR_INVALID, "a text without an end");
		return NULL;
	}
	s->i++;
	return mem_dup(buf_str(&out));
}

static char *word(struct scan *s)
{
	size_t from;

	pass_spaces(s);
	from = s->i;
	while (s->i < s->text.n && !isspace((unsigned char)s->text.p[s->i]) &&
	       strchr("|()\"`", s->text.p[s->i]) == NULL)
		s->i++;
	return mem_dupn(s->text.p + from, s->i - from);
}

/* --- functions --- */

static char *print(const struct args *a, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(FIND_MAX_TEXT);
	const char *p = a->n > 0 ? a->v[0] : "";
	size_t next = 1;

	for (; *p != '\0'; p++) {
		if (*p != '%') {
			buf_add(&out, p, 1);
		} else if ((p[1] == 's' || p[1] == 'v') && next < a->n) {
			buf_adds(&out, a->v[next++]);
			p++;
		} else {
			err_set(e, ERR_INVALID, "printf \"%.100s\"", a->v[0]);
			return NULL;
		}
	}
	return mem_dup(buf_str(&out));
}

static char *without(const char *what, const char *from, bool end)
{
	size_t n = strlen(what), all = strlen(from);

	if (n > all)
		return mem_dup(from);
	if (end && strcmp(from + all - n, what) == 0)
		return mem_dupn(from, all - n);
	if (!end && strncmp(from, what, n) == 0)
		return mem_dup(from + n);
	return mem_dup(from);
}

static char *call(const char *name, const struct args *a, struct err *e)
{
	static const char *const same[] = { "quote", "squote", "toString", "trim",
					    "nospace" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(same); i++)
		if (strcmp(name, same[i]) == 0 && a->n == 1)
			return mem_dup(a->v[0]);
	if (strcmp(name, "default") == 0 && a->n == 2)
		return mem_dup(a->v[a->v[1][0] != '\0' ? 1 : 0]);
	if (strcmp(name, "required") == 0 && a->n == 2)
		return mem_dup(a->v[1]);
	if (strcmp(name, "tpl") == 0 && a->n == 2 && strstr(a->v[0], "{{") == NULL)
		return mem_dup(a->v[0]);
	if (strcmp(name, "printf") == 0)
		return print(a, e);
	if (strcmp(name, "trimPrefix") == 0 && a->n == 2)
		return without(a->v[0], a->v[1], false);
	if (strcmp(name, "trimSuffix") == 0 && a->n == 2)
		return without(a->v[0], a->v[1], true);
	if (strcmp(name, "lower") == 0 && a->n == 1) {
		char *low = mem_dup(a->v[0]), *p;

		for (p = low; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		return low;
	}
	if (strcmp(name, "coalesce") == 0 && a->n > 0) {
		for (i = 0; i + 1 < a->n && a->v[i][0] == '\0'; i++)
			;
		return mem_dup(a->v[i]);
	}
	err_set(e, ERR_INVALID, "%.100s is known to Helm alone", name);
	return NULL;
}

/* --- terms --- */

/* A value that needs no function. NULL without an error: it is a function's name. */
static char *value(struct scan *s, bool *function, struct err *e)
{
	CLEANUP(mem_freep)
	char *w = NULL;
	char c = peek(s);
	char *v;

	*function = false;
	if (c == '"' || c == '`')
		return text(s, e);
	if (c == '(') {
		if (s->depth == HELM_EXPR_MAX_DEPTH) {
			err_set(e, ERR_LIMIT, "too many parentheses");
			return NULL;
		}
		s->i++;
		s->depth++;
		v = pipeline(s, e);
		s->depth--;
		if (v != NULL && peek(s) != ')') {
			free(v);
			err_set(e, ERR_INVALID, "a parenthesis without an end");
			return NULL;
		}
		s->i++;
		return v;
	}
	w = word(s);
	if (strcmp(w, ".") == 0 || strcmp(w, "$") == 0)
		return mem_dup(""); /* for tpl */
	if (w[0] == '.' || w[0] == '$')
		return field(s, w, e);
	if (isdigit((unsigned char)w[0]))
		return TAKE(w);
	*function = true;
	return TAKE(w);
}

static int add(struct args *a, char *v, struct err *e)
{
	if (v == NULL)
		return -1;
	if (a->n == HELM_EXPR_MAX_ARGS) {
		free(v);
		return err_set(e, ERR_LIMIT, "too many arguments");
	}
	a->v[a->n++] = v;
	return 0;
}

/* A value, or a function with its arguments; last, if any, is one more of these. */
static char *command(struct scan *s, char *last, struct err *e)
{
	CLEANUP(args_done)
	struct args a = { .n = 0 };
	CLEANUP(mem_freep)
	char *rest = last;
	CLEANUP(mem_freep)
	char *name = NULL;
	bool function;

	name = value(s, &function, e);
	if (name == NULL)
		return NULL;
	if (!function) {
		if (rest == NULL)
			return TAKE(name);
		err_set(e, ERR_INVALID, "a pipe into a value");
		return NULL;
	}
	while (peek(s) != '\0' && peek(s) != '|' && peek(s) != ')')
		if (add(&a, value(s, &function, e), e) != 0)
			return NULL;
	if (rest != NULL && add(&a, TAKE(rest), e) != 0)
		return NULL;
	return call(name, &a, e);
}

static char *pipeline(struct scan *s, struct err *e)
{
	char *v = command(s, NULL, e);

	while (v != NULL && peek(s) == '|') {
		s->i++;
		v = command(s, v, e);
	}
	return v;
}

int helm_expr_read(struct view inside, const struct yaml *values,
		   const struct yaml *chart, struct buf *out, struct err *e)
{
	struct scan s = { .text = inside, .values = values, .chart = chart };
	CLEANUP(mem_freep)
	char *v = NULL;

	if (inside.n > FIND_MAX_TEXT)
		return err_set(e, ERR_LIMIT, "too long an expression");
	v = pipeline(&s, e);
	if (v == NULL)
		return -1;
	if (peek(&s) != '\0')
		return err_set(e, ERR_INVALID,
			       "an expression that is known to Helm alone");
	if (buf_adds(out, v) != 0)
		return err_set(e, ERR_LIMIT, "too long");
	return 0;
}
