/*
 * setting_keep.c - "local:" pattern, and words with a number or a duration.
 */
#include "settings/setting_keep.h"

#include <stdlib.h>
#include <string.h>

#include "settings/setting_bound.h"
#include "settings/setting_list.h"
#include "settings/setting_value.h"
#include "base/mem.h"
#include "oci/pattern.h"

#define LAST_MOST 1000000

static int add_rule(struct setting_keep *k, const struct setting_row *row,
		    const char *word, struct err *e)
{
	int64_t n = 0;

	if (strncmp(word, "last:", 5) == 0) {
		if (setting_value_count(word + 5, &n, e) != 0)
			return -1;
		if (n < 1 || n > LAST_MOST)
			return err_set(e, ERR_INVALID, "last: must be from 1 to %d",
				       LAST_MOST);
		k->last = (unsigned)n;
		return 0;
	}
	if (strncmp(word, "used:", 5) == 0) {
		if (setting_value_duration(word + 5, &k->used_ms, e) != 0 ||
		    setting_bound_check(row, k->used_ms, e) != 0)
			return -1;
		if (k->used_ms == 0)
			return err_set(e, ERR_INVALID, "used: must be more than 0");
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "\"%.60s\" must be last:NUMBER or used:DURATION, such as "
		       "last:5,used:90d",
		       word);
}

int setting_keep_add(struct settings *s, const struct setting_row *row,
		     const char *pattern, const char *rules, struct err *e)
{
	CLEANUP(mem_freep)
	char *copy = mem_dup(rules);
	char *rest = copy, *word;
	struct setting_keep k = { .local = strncmp(pattern, "local:", 6) == 0 };

	pattern += k.local ? 6 : 0;
	pattern += strspn(pattern, " ");
	if (pattern_check(pattern, e) != 0)
		return -1;
	while ((word = strsep(&rest, ", \t")) != NULL)
		if (*word != '\0' && add_rule(&k, row, word, e) != 0)
			return err_add(e, "pattern \"%.60s\"", pattern);
	if (k.last == 0 && k.used_ms == 0)
		return err_set(e, ERR_INVALID,
			       "pattern \"%.60s\": must have rules, such as "
			       "last:5,used:90d",
			       pattern);
	if (s->n_keep == SETTING_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "more than %d patterns",
			       SETTING_PATTERNS_MAX);
	k.pattern = mem_dup(pattern);
	s->keep = mem_grow(s->keep, (s->n_keep + 1) * sizeof(*s->keep));
	s->keep[s->n_keep++] = k;
	return 0;
}

void setting_keep_clear(struct settings *s)
{
	size_t i;

	for (i = 0; i < s->n_keep; i++)
		free(s->keep[i].pattern);
	s->n_keep = 0;
}

int setting_keep_print(const struct settings *s, struct buf *out)
{
	char used[64];
	size_t i;

	for (i = 0; i < s->n_keep; i++) {
		const struct setting_keep *k = &s->keep[i];
		int rc = buf_addf(out, "    - \"%s", k->local ? "local:" : "");

		rc |= buf_add_json(out, k->pattern, strlen(k->pattern));
		rc |= buf_adds(out, "=");
		if (k->last > 0)
			rc |= buf_addf(out, "last:%u%s", k->last,
				       k->used_ms > 0 ? "," : "");
		if (k->used_ms > 0) {
			setting_value_duration_text(k->used_ms, used);
			rc |= buf_addf(out, "used:%s", used);
		}
		if (rc != 0 || buf_adds(out, "\"\n") != 0)
			return -1;
	}
	return 0;
}
