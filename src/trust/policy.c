/*
 * policy.c - lists of policies: which one decides; policies.c makes them.
 */
#include "trust/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oci/pattern.h"
#include "trust/policies_impl.h"
#include "trust/policy_impl.h"

static const char *const words[] = { "off", "warn", "require" };

const char *policy_mode_word(enum policy_mode mode)
{
	return words[mode];
}

int policy_mode_parse(const char *word, enum policy_mode *out, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], word) == 0) {
			*out = (enum policy_mode)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "\"%.40s\" is none of require, warn, off", word);
}

const char *policy_images(const struct policy *p)
{
	return p->images != NULL ? p->images : "**";
}

enum policy_mode policy_mode(const struct policy *p)
{
	return p->mode;
}

static bool matches(const struct policy *p, const char *host, const char *name,
		    const char *tag)
{
	char full[1024];

	if (p->images == NULL)
		return true;
	if (tag[0] != '\0')
		return pattern_match_tag(p->images, host, name, tag);
	if (host == NULL)
		return pattern_match_name(p->images, name);
	return (size_t)snprintf(full, sizeof(full), "%s/%s", host, name) < sizeof(full) &&
	       pattern_match_name(p->images, full);
}

const struct policy *policies_find(const struct policies *p, const char *host,
				   const char *name, const char *tag)
{
	const struct policy *found = NULL;
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct policy *one = p->policy[i];

		if (!matches(one, host, name, tag))
			continue;
		if (tag[0] != '\0')
			return one;
		if (found == NULL || one->mode > found->mode)
			found = one;
		if (one->images == NULL || !pattern_has_tag(one->images))
			break; /* it decides about every tag that is left */
	}
	return found;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

void policy_wants(const struct policy *p, char out[POLICY_WANTS_MAX])
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(256u << 10);
	size_t i;

	for (i = 0; i < p->nkeys; i++)
		buf_addf(&text, "%skey %s", text.n > 0 ? ", or " : "",
			 base_name(p->key[i].file));
	for (i = 0; i < p->nidentities; i++)
		buf_addf(&text, "%s%s by %s", text.n > 0 ? ", or " : "",
			 p->identity[i].subject, p->identity[i].issuer);
	for (i = 0; i < p->nnotation_identities; i++)
		buf_addf(&text, "%snotation %s", text.n > 0 ? ", or " : "",
			 p->notation_identity[i] != NULL ? p->notation_identity[i]
							 : "by anyone of its CA");
	if (text.n == 0)
		buf_adds(&text, "nobody");
	if ((size_t)snprintf(out, POLICY_WANTS_MAX, "%s", buf_str(&text)) >=
	    POLICY_WANTS_MAX)
		memcpy(out + POLICY_WANTS_MAX - 4, "...", 4);
}
