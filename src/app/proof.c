/*
 * proof.c - one image examined. No state.
 */
#include "app/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/proof_copy.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mirror/resolve.h"
#include "store/mstore.h"
#include "trust/inquiry.h"

const char *proof_copy_word(enum proof_copy c)
{
	static const char *const words[] = { "whole", "partly", "damaged" };

	return words[c];
}

const char *proof_lock_word(enum proof_lock l)
{
	static const char *const words[] = { "-", "locked", "differs" };

	return words[l];
}

const char *proof_upstream_word(enum proof_upstream u)
{
	static const char *const words[] = { "-", "same", "moved", "gone", "no answer" };

	return words[u];
}

static void check_lock(const struct route *r, struct proof *out)
{
	const struct lockfile_entry *entry =
		out->tag[0] != '\0' && r->site != NULL ? route_lock(r, out->tag) : NULL;

	if (entry == NULL)
		return;
	out->lock = digest_equal(&entry->image.digest, &out->digest)
			    ? PROOF_AS_LOCKED
			    : PROOF_NOT_AS_LOCKED;
	out->locked = entry->image.digest;
}

/* One HEAD. */
static void check_upstream(const struct proof_ask *ask, const struct route *r,
			   struct proof *out)
{
	struct reference ref = { .is_digest = false };
	struct drift_view lock;
	struct digest there;
	struct err e;

	if (ask->offline || r->site == NULL || out->tag[0] == '\0')
		return;
	snprintf(ref.tag, sizeof(ref.tag), "%s", out->tag);
	if (resolve_look(r, &ref, NULL, false, &there, &lock, &e) != 0) {
		out->upstream = e.kind == ERR_NOT_FOUND ? PROOF_GONE : PROOF_NO_ANSWER;
		snprintf(out->upstream_why, sizeof(out->upstream_why), "%s", e.msg);
		return;
	}
	if (lock.locked && !lock.has_upstream) {
		out->upstream = PROOF_GONE;
		return;
	}
	out->there = lock.locked ? lock.upstream : there;
	out->upstream = digest_equal(&out->there, &out->digest) ? PROOF_SAME
								: PROOF_MOVED;
}

static int check_signatures(const struct proof_ask *ask, const struct route *r,
			    const struct stored *root, struct proof *out, struct err *e)
{
	enum inquiry_how how = ask->offline ? INQUIRY_STORED : INQUIRY_FRESH;
	CLEANUP(inquiry_freep)
	struct inquiry *q = inquiry_new(ask->mirror, r, &out->digest, root->media_type,
					root->n, VISIT_PERSON, how);

	if (inquiry_all(q, e) != 0)
		return -1;
	if (ask->policies != NULL)
		out->policy = policies_find(
			ask->policies, r->site != NULL ? r->site->host : NULL,
			r->site != NULL ? r->remote.s : r->name.s, out->tag);
	verify_evidence(out->policy, inquiry_evidence(q), clock_wall_ms(),
			&out->signatures);
	snprintf(out->gap, sizeof(out->gap), "%s", inquiry_evidence(q)->gap);
	return 0;
}

static void judge(struct proof *p)
{
	char text[DIGEST_TEXT_MAX];

	p->good = false;
	if (p->copy == PROOF_DAMAGED) {
		snprintf(p->why, sizeof(p->why), "%s", p->copy_why);
	} else if (p->lock == PROOF_NOT_AS_LOCKED) {
		digest_text(&p->locked, text);
		snprintf(p->why, sizeof(p->why), "the lock has it at %s", text);
	} else if (p->policy != NULL && policy_mode(p->policy) == POLICY_REQUIRE &&
		   !p->signatures.accepted) {
		snprintf(p->why, sizeof(p->why), "%s", p->signatures.missing);
	} else if (p->upstream == PROOF_MOVED && p->lock == PROOF_UNLOCKED) {
		digest_text(&p->there, text);
		snprintf(p->why, sizeof(p->why),
			 "its upstream has moved the tag to %s; `larder update` would "
			 "bring that",
			 text);
	} else {
		p->good = true;
	}
}

int proof_make(const struct proof_ask *ask, const struct route *r, const char *tag,
	       const struct digest *d, struct proof *out, struct err *e)
{
	struct stored *root;
	int rc;

	memset(out, 0, sizeof(*out));
	route_shown(r, out->shown);
	snprintf(out->tag, sizeof(out->tag), "%s", tag);
	out->digest = *d;
	if (mstore_peek(ask->store, &r->name, d, &root, e) != 0) {
		if (e->kind != ERR_CORRUPT)
			return -1;
		out->copy = PROOF_DAMAGED;
		snprintf(out->copy_why, sizeof(out->copy_why), "%s", e->msg);
		judge(out);
		return 0;
	}
	proof_copy_check(ask, &r->name, root, out);
	check_lock(r, out);
	check_upstream(ask, r, out);
	rc = check_signatures(ask, r, root, out, e);
	stored_unref(root);
	if (rc == 0)
		judge(out);
	return rc;
}
