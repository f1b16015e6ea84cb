/*
 * compare_config.c - two configurations, setting by setting. No state.
 */
#include "trust/compare_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void add(struct comparison *c, const char *what, const char *name,
		const char *before, const char *after)
{
	struct compare_setting *s;

	c->setting = mem_grow(c->setting, (c->nsettings + 1) * sizeof(*c->setting));
	s = &c->setting[c->nsettings++];
	s->kind = before == NULL  ? COMPARE_ADDED
		  : after == NULL ? COMPARE_REMOVED
				  : COMPARE_CHANGED;
	s->what = what;
	s->name = name;
	s->before = before;
	s->after = after;
}

/* "" is what is not set. */
static void text(struct comparison *c, const char *what, const char *before,
		 const char *after)
{
	if (strcmp(before, after) != 0)
		add(c, what, "", before[0] != '\0' ? before : NULL,
		    after[0] != '\0' ? after : NULL);
}

static void platform(struct comparison *c)
{
	char before[100], after[100];
	const struct contents_config *a = &c->before->config, *b = &c->after->config;

	platform_text(&a->platform, before);
	platform_text(&b->platform, after);
	if (strcmp(before, after) == 0)
		return;
	c->list = mem_grow(c->list, (c->nlists + 2) * sizeof(*c->list));
	c->list[c->nlists++] = mem_dup(before);
	c->list[c->nlists++] = mem_dup(after);
	text(c, "platform", c->list[c->nlists - 2], c->list[c->nlists - 1]);
}

/* --- lists in which the order counts --- */

static bool same_list(const char **a, size_t na, const char **b, size_t nb)
{
	size_t i;

	for (i = 0; na == nb && i < na; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return na == nb;
}

static const char *as_json(struct comparison *c, const char **at, size_t n)
{
	struct buf b = BUF_INIT(COMPARE_LIST_MAX);
	int rc = buf_adds(&b, "[");
	size_t i;

	for (i = 0; i < n && rc == 0; i++) {
		rc = buf_adds(&b, i > 0 ? ",\"" : "\"");
		if (rc == 0)
			rc = buf_add_json(&b, at[i], strlen(at[i]));
		if (rc == 0)
			rc = buf_adds(&b, "\"");
	}
	if (rc != 0 || buf_adds(&b, "]") != 0) {
		buf_clear(&b);
		buf_adds(&b, "[...]");
	}
	c->list = mem_grow(c->list, (c->nlists + 1) * sizeof(*c->list));
	c->list[c->nlists++] = b.p;
	return b.p;
}

/* An empty list and none say the same: nothing is set. */
static void list(struct comparison *c, const char *what, const char **a, size_t na,
		 const char **b, size_t nb)
{
	const char *before, *after;

	if (same_list(a, na, b, nb))
		return;
	before = na > 0 ? as_json(c, a, na) : NULL;
	after = nb > 0 ? as_json(c, b, nb) : NULL;
	add(c, what, "", before, after);
}

/* --- names with values, sorted --- */

static void pairs(struct comparison *c, const char *what, const struct contents_pair *a,
		  size_t na, const struct contents_pair *b, size_t nb)
{
	size_t i = 0, j = 0;
	int order;

	while (i < na || j < nb) {
		order = i == na ? 1 : j == nb ? -1 : strcmp(a[i].name, b[j].name);
		if (order < 0) {
			add(c, what, a[i].name, a[i].value, NULL);
			i++;
		} else if (order > 0) {
			add(c, what, b[j].name, NULL, b[j].value);
			j++;
		} else {
			if (strcmp(a[i].value, b[j].value) != 0)
				add(c, what, a[i].name, a[i].value, b[j].value);
			i++;
			j++;
		}
	}
}

static void names(struct comparison *c, const char *what, const char **a, size_t na,
		  const char **b, size_t nb)
{
	size_t i = 0, j = 0;
	int order;

	while (i < na || j < nb) {
		order = i == na ? 1 : j == nb ? -1 : strcmp(a[i], b[j]);
		if (order < 0)
			add(c, what, a[i], "", NULL);
		else if (order > 0)
			add(c, what, b[j], NULL, "");
		i += order <= 0;
		j += order >= 0;
	}
}

void compare_config(struct comparison *c)
{
	const struct contents_config *a = &c->before->config, *b = &c->after->config;

	platform(c);
	text(c, "user", a->user, b->user);
	text(c, "workdir", a->workdir, b->workdir);
	list(c, "entrypoint", a->entrypoint, a->nentrypoint, b->entrypoint,
	     b->nentrypoint);
	list(c, "cmd", a->cmd, a->ncmd, b->cmd, b->ncmd);
	text(c, "stop signal", a->stop_signal, b->stop_signal);
	text(c, "healthcheck", a->healthcheck, b->healthcheck);
	pairs(c, "env", a->env, a->nenv, b->env, b->nenv);
	names(c, "port", a->port, a->nport, b->port, b->nport);
	names(c, "volume", a->volume, a->nvolume, b->volume, b->nvolume);
	pairs(c, "label", a->label, a->nlabel, b->label, b->nlabel);
}
