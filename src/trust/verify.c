/*
 * verify.c - each piece of evidence judged, and the sum of it.  Pure.
 */
#include "trust/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "trust/verify_impl.h"

const char *verify_word(enum verify_verdict v)
{
	static const char *const words[] = { "bad", "other", "good" };

	return words[v];
}

static int judge(const struct policy *p, const struct evidence *ev,
		 const struct evidence_item *it, int64_t now_ms,
		 struct verify_signature *out, struct err *e)
{
	if (it->gap != NULL)
		return err_set(e, ERR_UPSTREAM, "%s", it->gap);
	switch (it->kind) {
	case EVIDENCE_COSIGN:
		return cosign_judge(p, ev, it, out, e);
	case EVIDENCE_BUNDLE:
		return bundle_judge(p, ev, it, out, e);
	case EVIDENCE_NOTATION:
		return notation_judge(p, ev, it, now_ms, out, e);
	}
	return err_set(e, ERR_INVALID, "a signature of an unknown kind");
}

/* The signature that says most about why there is no good one. */
static const struct verify_signature *nearest(const struct verify_result *r)
{
	const struct verify_signature *found = NULL;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (found == NULL || r->sig[i].verdict > found->verdict)
			found = &r->sig[i];
	return found;
}

static void say_missing(const struct policy *p, const struct evidence *ev,
			struct verify_result *out)
{
	const struct verify_signature *near = nearest(out);
	char wants[POLICY_WANTS_MAX];
	int n;

	if (p != NULL)
		policy_wants(p, wants);
	n = snprintf(out->missing, sizeof(out->missing), "no signature by %.160s",
		     p != NULL ? wants : "anyone known: neither policy nor key is given");
	if (near != NULL)
		n += snprintf(
			out->missing + n, sizeof(out->missing) - (size_t)n,
			"; of %zu found, %s%.80s%s%.120s", out->n,
			near->signer[0] != '\0' ? "one by " : "the first: ", near->signer,
			near->signer[0] != '\0' ? ": " : "", near->why);
	if (near == NULL || ev->gap[0] != '\0')
		snprintf(out->missing + n, sizeof(out->missing) - (size_t)n, "; %s%.150s",
			 ev->gap[0] != '\0' ? "there may be more: "
					    : "it has none at all",
			 ev->gap);
	human_clean(out->missing);
}

void verify_evidence(const struct policy *policy, const struct evidence *ev,
		     int64_t now_ms, struct verify_result *out)
{
	struct err e;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < ev->n && i < EVIDENCE_MAX_ITEMS; i++) {
		const struct evidence_item *it = &ev->item[i];
		struct verify_signature *s = &out->sig[out->n++];

		s->kind = it->kind;
		s->manifest = it->manifest;
		if (judge(policy, ev, it, now_ms, s, &e) != 0) {
			s->verdict = VERIFY_BAD;
			snprintf(s->why, sizeof(s->why), "%s", e.msg);
		}
		human_clean(s->signer);
		human_clean(s->issuer);
		human_clean(s->image);
		human_clean(s->why);
		out->accepted = out->accepted || s->verdict == VERIFY_GOOD;
	}
	if (!out->accepted)
		say_missing(policy, ev, out);
}
