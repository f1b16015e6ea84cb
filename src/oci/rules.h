/*
 * rules.h - who may do what with which repositories.
 *
 * A rule grants; what no rule grants is refused. Plain data, unchanging once shared.
 */
#ifndef LARDER_OCI_RULES_H
#define LARDER_OCI_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { RULE_PULL = 1, RULE_PUSH = 2, RULE_DELETE = 4, RULE_ALL = 7 };

struct rule {
	char *who;     /* a user's name, "anonymous" (everybody, also without a name), or
			  "users" (everybody with one) */
	char *pattern; /* oci/pattern.h, over repository names as in the store */
	unsigned rights;
};

/* "<who> <pattern> <rights>", rights being pull, push, delete with commas, or all.
 * ERR_INVALID says what is wrong. The strings are the caller's. */
int rule_parse(const char *text, struct rule *out, struct err *e);
void rule_done(struct rule *r);
#define RULE_TEXT_MAX 1024 /* longer texts are ERR_INVALID */
/* As rule_parse takes it. */
void rule_text(const struct rule *r, char *out, size_t n);

/* user: NULL without a name. name: NULL: with any repository? */
bool rules_allow(const struct rule *r, size_t n, const char *user, unsigned right,
		 const char *name);

#endif
