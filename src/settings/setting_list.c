/*
 * setting_list.c - patterns as YAML lists and maps, and as words in one text.
 */
#include "settings/setting_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "settings/setting_bound.h"
#include "settings/setting_keep.h"
#include "base/mem.h"
#include "oci/pattern.h"

static int add_local(struct settings *s, const char *pattern, struct err *e)
{
	if (pattern_check(pattern, e) != 0)
		return -1;
	if (pattern_has_tag(pattern))
		return err_set(e, ERR_INVALID,
			       "pattern \"%.60s\": names only, without a tag", pattern);
	if (s->n_local == SETTING_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "more than %d patterns",
			       SETTING_PATTERNS_MAX);
	s->local = mem_grow(s->local, (s->n_local + 1) * sizeof(*s->local));
	s->local[s->n_local++] = mem_dup(pattern);
	return 0;
}

static int add_file(struct settings *s, const char *path, struct err *e)
{
	if (s->n_tls_client_cas == SETTING_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "more than %d files",
			       SETTING_PATTERNS_MAX);
	s->tls_client_cas =
		mem_grow(s->tls_client_cas, (s->n_tls_client_cas + 1) * sizeof(char *));
	s->tls_client_cas[s->n_tls_client_cas++] = mem_dup(path);
	return 0;
}

static int add_rule(struct settings *s, const char *text, struct err *e)
{
	struct rule r;

	if (s->n_access == SETTING_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "more than %d rules",
			       SETTING_PATTERNS_MAX);
	if (rule_parse(text, &r, e) != 0)
		return -1;
	s->access = mem_grow(s->access, (s->n_access + 1) * sizeof(*s->access));
	s->access[s->n_access++] = r;
	return 0;
}

static int add_tag(struct settings *s, const struct setting_row *row, const char *pattern,
		   const char *age, struct err *e)
{
	struct setting_tag t = { .pinned = strcasecmp(age, "pinned") == 0 };

	if (pattern_check(pattern, e) != 0)
		return -1;
	if (!t.pinned && setting_bound_age(row, age, &t.age_ms, e) != 0)
		return err_add(e, "pattern \"%.60s\": an age, always or pinned", pattern);
	if (s->n_tags == SETTING_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "more than %d patterns",
			       SETTING_PATTERNS_MAX);
	t.pattern = mem_dup(pattern);
	s->tags = mem_grow(s->tags, (s->n_tags + 1) * sizeof(*s->tags));
	s->tags[s->n_tags++] = t;
	return 0;
}

static int add_word(struct settings *s, const struct setting_row *row, const char *word,
		    struct err *e)
{
	if (row->type == SETTING_ACCESS)
		return add_rule(s, word, e);
	return row->type == SETTING_LIST ? add_file(s, word, e) : add_local(s, word, e);
}

static bool is_map(const struct setting_row *row)
{
	return row->type == SETTING_TAGS || row->type == SETTING_KEEP;
}

static int add_pair(struct settings *s, const struct setting_row *row,
		    const char *pattern, const char *value, struct err *e)
{
	return row->type == SETTING_KEEP ? setting_keep_add(s, row, pattern, value, e)
					 : add_tag(s, row, pattern, value, e);
}

/* "pattern,pattern", "pattern=age,pattern=age", "pattern=rules;pattern=rules" or
 * "rule;rule". */
static int add_words(struct settings *s, const struct setting_row *row, const char *text,
		     struct err *e)
{
	CLEANUP(mem_freep)
	char *copy = mem_dup(text);
	char *rest = copy, *word, *value;
	const char *between = row->type == SETTING_ACCESS || row->type == SETTING_KEEP
				      ? ";\n"
				      : ", \t\n";

	while ((word = strsep(&rest, between)) != NULL) {
		if (word[strspn(word, " \t")] == '\0')
			continue;
		if (!is_map(row)) {
			if (add_word(s, row, word, e) != 0)
				return -1;
			continue;
		}
		word += strspn(word, " \t");
		value = strrchr(word, '=');
		if (value == NULL)
			return err_set(e, ERR_INVALID, "\"%.60s\" must be pattern=%s",
				       word, row->type == SETTING_TAGS ? "age" : "rules");
		*value++ = '\0';
		if (add_pair(s, row, word, value, e) != 0)
			return -1;
	}
	return 0;
}

static int add_nodes(struct settings *s, const struct setting_row *row,
		     const struct yaml *node, int *line, struct err *e)
{
	const struct yaml *v;

	*line = node->line;
	if (node->kind == YAML_SCALAR)
		return add_words(s, row, node->text, e);
	for (v = node->child; v; v = v->next) {
		*line = v->line;
		if (node->kind == YAML_MAP && is_map(row) && v->kind == YAML_SCALAR) {
			if (add_pair(s, row, v->key, v->text, e) != 0)
				return -1;
		} else if (node->kind == YAML_LIST && v->kind == YAML_SCALAR) {
			if (add_words(s, row, v->text, e) != 0)
				return -1;
		} else if (node->kind == YAML_LIST && v->kind == YAML_MAP &&
			   is_map(row)) {
			if (add_nodes(s, row, v, line, e) != 0)
				return -1;
		} else {
			return err_set(e, ERR_INVALID,
				       row->type == SETTING_TAGS
					       ? "must be a map of pattern to age"
				       : row->type == SETTING_KEEP
					       ? "must be a map of pattern to rules"
				       : row->type == SETTING_ACCESS
					       ? "must be a list of rules"
					       : "must be a list of patterns or texts");
		}
	}
	return 0;
}

int setting_list_set(struct settings *s, const struct setting_row *row,
		     const struct yaml *node, int *line, struct err *e)
{
	size_t i;

	switch (row->type) {
	case SETTING_PATTERNS:
		for (i = 0; i < s->n_local; i++)
			free(s->local[i]);
		s->n_local = 0;
		break;
	case SETTING_LIST:
		for (i = 0; i < s->n_tls_client_cas; i++)
			free(s->tls_client_cas[i]);
		s->n_tls_client_cas = 0;
		break;
	case SETTING_ACCESS:
		for (i = 0; i < s->n_access; i++)
			rule_done(&s->access[i]);
		s->n_access = 0;
		break;
	case SETTING_KEEP:
		setting_keep_clear(s);
		break;
	default:
		for (i = 0; i < s->n_tags; i++)
			free(s->tags[i].pattern);
		s->n_tags = 0;
	}
	return add_nodes(s, row, node, line, e);
}
