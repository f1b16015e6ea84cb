/*
 * resolve.c - one visit, waited for. No state.
 */
#include "mirror/resolve.h"

#include "base/clock.h"
#include "mirror/ask_locked.h"
#include "mirror/awaited.h"
#include "mirror/throttle.h"

int resolve_manifest(struct mirror *m, const struct route *r, const struct reference *ref,
		     enum visit_for who, bool as_locked, struct found_manifest *found,
		     struct err *e)
{
	bool locked = !ref->is_digest && route_lock(r, ref->tag) != NULL;
	struct visit v = { .since_ms = clock_mono_ms(),
			   .who = who,
			   .as_locked = as_locked,
			   .must_check = !(as_locked && locked) };
	enum answer answer;

	*e = (struct err){ 0 };
	while ((answer = ask_manifest(m, r, ref, &v, found, e)) == ANSWER_WAIT)
		awaited_bell(v.bell, v.seen);
	visit_done(&v);
	if (answer == ANSWER_FAILED)
		return -1;
	if (found->lock.locked)
		ask_locked_keep(m, r, ref->tag);
	return 0;
}

/* Where the tag is there; NOT_FOUND is an answer too. */
static int look_there(const struct route *r, const struct reference *ref,
		      struct digest *digest, struct err *e)
{
	struct upstream_manifest about;

	if (throttle_may(r, UPSTREAM_WANT_CHECK, false, e) != 0 ||
	    upstream_head_manifest(r->site->up, &r->remote, ref,
				   clock_mono_ms() + VISIT_DEADLINE_MS, &about, e) != 0)
		return -1;
	if (!about.has_digest)
		return err_set(e, ERR_UPSTREAM,
			       "%s does not say the digest of %s:%s without a pull",
			       r->site->host, r->remote.s, ref->tag);
	*digest = about.digest;
	return 0;
}

static int look_at_locked(const struct route *r, const struct reference *ref,
			  const struct digest *locked, struct drift_view *lock,
			  struct err *e)
{
	struct err why;

	lock->has_upstream = look_there(r, ref, &lock->upstream, &why) == 0;
	if (!lock->has_upstream && why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	lock->drifted = !lock->has_upstream || !digest_equal(&lock->upstream, locked);
	return 0;
}

int resolve_look(const struct route *r, const struct reference *ref,
		 const struct digest *had, bool as_locked, struct digest *digest,
		 struct drift_view *lock, struct err *e)
{
	const struct lockfile_entry *entry = ref->is_digest ? NULL
							    : route_lock(r, ref->tag);

	*lock = (struct drift_view){ .locked = entry != NULL };
	if (ref->is_digest) {
		*digest = ref->digest;
		return 0;
	}
	if (entry != NULL) {
		*digest = entry->image.digest;
		return as_locked ? 0 : look_at_locked(r, ref, digest, lock, e);
	}
	if (had != NULL && route_tag_policy(r, ref->tag).rule == TAG_PINNED) {
		*digest = *had;
		return 0;
	}
	return look_there(r, ref, digest, e);
}
