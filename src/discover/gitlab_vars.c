/*
 * gitlab_vars.c - variables of jobs. No state.
 */
#include "discover/gitlab_vars.h"

#include <string.h>

#include "base/mem.h"
#include "discover/expand.h"
#include "discover/find.h"

#define ROUNDS 5 /* variables in variables in ... */

void gitlab_vars_read(struct vars *v, const struct yaml *map)
{
	const struct yaml *y;

	if (map == NULL || map->kind != YAML_MAP)
		return;
	for (y = map->child; y != NULL; y = y->next) {
		const struct yaml *value = y->kind == YAML_MAP ? yaml_get(y, "value") : y;

		if (value != NULL && value->kind == YAML_SCALAR)
			vars_set(v, y->key, value->text);
		else if (value != NULL && value->kind == YAML_NULL)
			vars_set(v, y->key, "");
	}
}

static const char *value_of(void *arg, const char *name)
{
	return vars_get(arg, name);
}

void gitlab_vars_settle(struct vars *v)
{
	struct expand x = { .dialect = EXPAND_GITLAB, .value = value_of, .arg = v };
	bool changed = true;
	size_t i, round;

	for (round = 0; round < ROUNDS && changed; round++) {
		changed = false;
		for (i = 0; i < v->n; i++) {
			CLEANUP(buf_done)
			struct buf out = BUF_INIT(FIND_MAX_TEXT);
			const char *value = v->v[i].value;

			if (value == NULL || strchr(value, '$') == NULL ||
			    expand_text(&x, view_of(value), &out, NULL) != 0 ||
			    strcmp(buf_str(&out), value) == 0)
				continue;
			vars_set(v, v->v[i].name, buf_str(&out));
			changed = true;
		}
	}
}

/* --- rows --- */

struct rows {
	void (*each)(void *arg, const struct vars *row);
	void *arg;
	size_t left;
};

/* For each value of y, and then of the maps' entries after it. */
static void multiply(struct rows *rows, const struct yaml *y, const struct vars *v)
{
	const struct yaml *value;
	struct vars row = { 0 };

	if (rows->left == 0)
		return;
	if (y == NULL) {
		rows->left--;
		vars_add(&row, v);
		gitlab_vars_settle(&row);
		rows->each(rows->arg, &row);
		vars_done(&row);
		return;
	}
	value = y->kind == YAML_LIST ? y->child : y;
	for (; value != NULL && rows->left > 0;
	     value = y->kind == YAML_LIST ? value->next : NULL) {
		vars_add(&row, v);
		if (value->kind == YAML_SCALAR)
			vars_set(&row, y->key, value->text);
		multiply(rows, y->next, &row);
		vars_done(&row);
	}
}

void gitlab_vars_rows(const struct yaml *matrix, const struct vars *v,
		      void (*each)(void *arg, const struct vars *row), void *arg)
{
	struct rows rows = { each, arg, GITLAB_VARS_MAX_ROWS };
	const struct yaml *y;
	size_t depth = 0;

	for (y = matrix != NULL && matrix->kind == YAML_LIST ? matrix->child : NULL;
	     y != NULL; y = y->next) {
		const struct yaml *c;

		for (c = y->child, depth = 0; c != NULL && depth < 20; c = c->next)
			depth++;
		if (y->kind == YAML_MAP && y->child != NULL && c == NULL)
			multiply(&rows, y->child, v);
	}
	if (rows.left == GITLAB_VARS_MAX_ROWS)
		multiply(&rows, NULL, v);
}

char *gitlab_vars_known(const struct vars *v, const char *text)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(64 * FIND_MAX_TEXT);

	while (*text != '\0') {
		bool brace = text[0] == '$' && text[1] == '{';
		const char *name = text + (brace ? 2 : 1);
		size_t n = text[0] == '$' ? strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
							 "abcdefghijklmnopqrstuvwxyz"
							 "0123456789")
					  : 0;
		CLEANUP(mem_freep)
		char *copy = mem_dupn(name, n);
		const char *value =
			n > 0 && (!brace || name[n] == '}') ? vars_get(v, copy) : NULL;

		if (value == NULL) {
			if (buf_add(&out, text++, 1) != 0)
				break;
			continue;
		}
		if (buf_adds(&out, value) != 0)
			break;
		text = name + n + brace;
	}
	return mem_dup(buf_str(&out));
}
