/*
 * rules.c - rules as text and as decisions.
 */
#include "oci/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/pattern.h"

static int parse_rights(char *text, unsigned *out, struct err *e)
{
	static const struct {
		const char *word;
		unsigned right;
	} known[] = { { "pull", RULE_PULL },
		      { "push", RULE_PUSH },
		      { "delete", RULE_DELETE },
		      { "all", RULE_ALL } };
	char *word;
	size_t i;

	*out = 0;
	while ((word = strsep(&text, ",")) != NULL) {
		for (i = 0; i < ARRAY_LEN(known); i++)
			if (strcmp(known[i].word, word) == 0)
				break;
		if (i == ARRAY_LEN(known))
			return err_set(e, ERR_INVALID,
				       "\"%.40s\" is no right; there are pull, push, "
				       "delete and all",
				       word);
		*out |= known[i].right;
	}
	return 0;
}

int rule_parse(const char *text, struct rule *out, struct err *e)
{
	CLEANUP(mem_freep)
	char *copy = mem_dup(text);
	char *rest = copy, *word, *part[4];
	struct rule r;
	size_t n = 0;

	if (strlen(text) > RULE_TEXT_MAX)
		return err_set(e, ERR_INVALID, "a rule has at most %d bytes",
			       RULE_TEXT_MAX);
	while ((word = strsep(&rest, " \t")) != NULL && n < ARRAY_LEN(part))
		if (*word != '\0')
			part[n++] = word;
	if (n != 3)
		return err_set(e, ERR_INVALID,
			       "\"%.80s\" must be: who pattern rights, such as "
			       "\"anonymous ** pull\"",
			       text);
	if (pattern_check(part[1], e) != 0 || parse_rights(part[2], &r.rights, e) != 0)
		return -1;
	if (pattern_has_tag(part[1]))
		return err_set(e, ERR_INVALID,
			       "pattern \"%.60s\": names only, without a tag", part[1]);
	r.who = mem_dup(part[0]);
	r.pattern = mem_dup(part[1]);
	*out = r;
	return 0;
}

void rule_text(const struct rule *r, char *out, size_t n)
{
	snprintf(out, n, "%s %s %s%s%s%s", r->who, r->pattern,
		 r->rights & RULE_PULL ? "pull" : "",
		 r->rights & RULE_PUSH ? (r->rights & RULE_PULL ? ",push" : "push") : "",
		 r->rights & RULE_DELETE && r->rights != RULE_DELETE ? "," : "",
		 r->rights & RULE_DELETE ? "delete" : "");
}

void rule_done(struct rule *r)
{
	free(r->who);
	free(r->pattern);
}

static bool is_for(const struct rule *r, const char *user)
{
	if (strcmp(r->who, "anonymous") == 0)
		return true;
	if (user == NULL)
		return false;
	return strcmp(r->who, "users") == 0 || strcmp(r->who, user) == 0;
}

bool rules_allow(const struct rule *r, size_t n, const char *user, unsigned right,
		 const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((r[i].rights & right) == right && is_for(&r[i], user) &&
		    (name == NULL || pattern_match_name(r[i].pattern, name)))
			return true;
	return false;
}
