/*
 * fetch.c - manifests and tags from upstream.  No state of its own.
 */
#include "mirror/fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/throttle.h"
#include "store/blob.h"
#include "store/loose.h"
#include "store/mstore.h"
#include "store/quarantine.h"
#include "upstream/retry.h"

/* Store what came, or keep it in memory when the disk refuses. bytes match d. */
static int keep(const struct fetch *x, const struct route *r, const struct digest *d,
		const char *media_type, struct view body, struct stored **out,
		bool *unsaved, struct err *e)
{
	struct manifest parsed;
	struct err why;

	if (manifest_parse(body, &parsed, &why) != 0)
		return err_set(e, ERR_UPSTREAM, "%s: manifest of %s: %s", r->site->host,
			       r->remote.s, why.msg);
	sizes_note(x->sizes, &parsed);
	*out = stored_new(d, media_type[0] ? media_type : parsed.media_type, body);
	*unsaved = mstore_put(x->store, &r->name, *out, &parsed, &why) != 0;
	if (*unsaved) {
		overflow_put(x->overflow, &r->name, *out);
		log_event(LOG_WARN, "manifest.not_stored", LS("repository", r->name.s),
			  LS("error", why.msg));
	}
	manifest_done(&parsed);
	return 0;
}

static int get_with_retries(const struct route *r, const struct reference *ref,
			    const struct fetch_how *how, struct buf *body,
			    struct upstream_manifest *about, struct err *e)
{
	struct retry again = RETRY_INIT(how->deadline_ms);
	int rc;

	/* A pull that somebody waits for has been let through before its work began. */
	if (how->want == UPSTREAM_WANT_REFRESH &&
	    throttle_may(r, how->want, false, e) != 0)
		return -1;
	do
		rc = upstream_get_manifest(r->site->up, &r->remote, ref, how->deadline_ms,
					   body, about, e);
	while (rc != 0 && retry_again(&again, e));
	return rc;
}

/* bell: rung at trouble; NULL: nobody cares. */
static int head_with_retries(const struct route *r, const struct reference *ref,
			     int64_t deadline_ms, struct upstream_manifest *about,
			     struct bell *bell, struct err *e)
{
	struct retry again = RETRY_INIT(deadline_ms);
	int rc;

	for (;;) {
		rc = upstream_head_manifest(r->site->up, &r->remote, ref, deadline_ms,
					    about, e);
		if (rc == 0)
			return 0;
		if (bell != NULL && (e->kind == ERR_UPSTREAM || e->kind == ERR_BUSY)) {
			atomic_store(&r->site->trouble, true);
			bell_ring(bell);
		}
		if (!retry_again(&again, e))
			return -1;
	}
}

/* Another repository has it: may this one see it too? */
static int link_existing(const struct fetch *x, const struct route *r,
			 const struct reference *ref, const struct fetch_how *how,
			 struct stored **out, bool *unsaved, struct err *e)
{
	struct upstream_manifest about;
	struct stored *have;
	int rc;

	if (!how->entitled &&
	    head_with_retries(r, ref, how->deadline_ms, &about, NULL, e) != 0)
		return -1;
	if (mstore_load(x->store, &ref->digest, &have, e) != 0)
		return -1;
	rc = keep(x, r, &ref->digest, have->media_type,
		  (struct view){ have->body, have->n }, out, unsaved, e);
	stored_unref(have);
	return rc;
}

static int fetch_claimed(const struct fetch *x, const struct route *r,
			 const struct digest *d, const struct fetch_how *how,
			 struct stored **out, bool *unsaved, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	struct reference ref = { .is_digest = true, .digest = *d };
	struct upstream_manifest about;
	struct err why;

	*unsaved = false;
	/* A disk may have a bad moment: only what is wrong twice is. */
	if (mstore_get(x->store, &r->name, d, out, &why) == 0 ||
	    (quarantine_is_due(&why) &&
	     mstore_get(x->store, &r->name, d, out, &why) == 0))
		return 0;
	*out = overflow_get(x->overflow, &r->name, d);
	if (*out != NULL) {
		*unsaved = true;
		return 0;
	}
	if (quarantine_is_due(&why)) {
		log_event(LOG_ERROR, "store.corrupt", LS("error", why.msg),
			  LS("what", "out of the way, to be fetched again"));
		quarantine_put(x->store, d, -1, NULL);
	} else if (blob_exists(x->store, d, NULL)) {
		if (link_existing(x, r, &ref, how, out, unsaved, e) == 0)
			return 0;
		/* It may have been evicted since the look. */
		if (quarantine_is_due(e))
			quarantine_put(x->store, d, -1, NULL);
		else if (e->kind != ERR_NOT_FOUND || blob_exists(x->store, d, NULL))
			return -1;
	}
	if (get_with_retries(r, &ref, how, &body, &about, e) != 0)
		return -1;
	return keep(x, r, d, about.media_type, buf_view(&body), out, unsaved, e);
}

int fetch_manifest(const struct fetch *x, const struct route *r, const struct digest *d,
		   const struct fetch_how *how, struct stored **out, bool *unsaved,
		   struct err *e)
{
	char text[DIGEST_TEXT_MAX], key[sizeof(r->site->host) + DIGEST_TEXT_MAX];
	int rc;

	kept_wait(x->kept);
	digest_text(d, text);
	/* Another upstream may be slow with it. */
	snprintf(key, sizeof(key), "%s %s", r->site->host, text);
	if (!claim_take(x->claims, key, how->deadline_ms))
		return err_set(e, ERR_UPSTREAM,
			       "%s: manifest %s of %s: no answer in time", r->site->host,
			       text, r->remote.s);
	rc = fetch_claimed(x, r, d, how, out, unsaved, e);
	claim_release(x->claims, key);
	return rc;
}

/* The upstream does not say the digest on HEAD: only a GET can tell. */
static int fetch_by_tag(const struct fetch *x, const struct route *r,
			const struct reference *ref, const struct fetch_how *how,
			struct digest *digest, bool *unsaved, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	struct upstream_manifest about;
	struct stored *m;

	if (get_with_retries(r, ref, how, &body, &about, e) != 0 ||
	    keep(x, r, &about.digest, about.media_type, buf_view(&body), &m, unsaved,
		 e) != 0)
		return -1;
	*digest = about.digest;
	stored_unref(m);
	return 0;
}

/* Where the upstream has the tag, once: HEAD, and GET by digest of what is new here. */
static int locate_tag(const struct fetch *x, const struct route *r,
		      const struct reference *ref, const struct fetch_how *how,
		      struct bell *bell, struct digest *digest, bool *unsaved,
		      bool *missing, struct err *e)
{
	struct fetch_how seen = *how;
	struct upstream_manifest about;
	struct stored *m;

	*missing = false;
	if (head_with_retries(r, ref, how->deadline_ms, &about, bell, e) != 0)
		return -1;
	if (!about.has_digest)
		return fetch_by_tag(x, r, ref, how, digest, unsaved, e);
	*digest = about.digest;
	seen.entitled = true;
	if (fetch_manifest(x, r, digest, &seen, &m, unsaved, e) != 0) {
		/* It has just said that there is such a manifest: 404 would be a lie. */
		*missing = e->kind == ERR_NOT_FOUND;
		if (*missing)
			e->kind = ERR_UPSTREAM;
		return -1;
	}
	stored_unref(m);
	return 0;
}

/* why: that it has not been believed. */
static void say_moved(const char *event, const struct route *r, const char *tag,
		      const struct digest *old, const struct digest *new, const char *why)
{
	char from[DIGEST_TEXT_MAX], to[DIGEST_TEXT_MAX];

	digest_text(old, from);
	digest_text(new, to);
	if (why == NULL)
		log_event(LOG_INFO, event, LS("repository", r->name.s), LS("tag", tag),
			  LS("from", from), LS("to", to));
	else
		log_event(LOG_WARN, event, LS("repository", r->name.s), LS("tag", tag),
			  LS("from", from), LS("to", to), LS("error", why));
}

int fetch_tag(const struct fetch *x, const struct route *r, const char *tag,
	      const struct fetch_how *how, struct bell *bell, struct err *e)
{
	struct reference ref = { .is_digest = false };
	struct retry again = RETRY_INIT(how->deadline_ms);
	struct tagstate had, now = { .checked_wall_ms = 0 };
	bool unsaved, missing;
	bool cached = tagstate_get(x->tags, &r->name, tag, &had);
	int rc;

	kept_wait(x->kept);
	snprintf(ref.tag, sizeof(ref.tag), "%s", tag);
	again.max = cached ? 1 : 4; /* each has tries of its own inside */
	do {
		now.checked_wall_ms = clock_wall_ms();
		rc = locate_tag(x, r, &ref, how, bell, &now.digest, &unsaved, &missing,
				e);
	} while (rc != 0 && missing && retry_again(&again, e));
	if (rc != 0 && missing)
		e->kind = ERR_CORRUPT; /* no trouble that its other tags would share */
	if (rc != 0)
		return -1;
	if (cached && !digest_equal(&had.digest, &now.digest)) {
		if (how->trial != NULL &&
		    how->trial(how, &had.digest, &now.digest, e) != 0) {
			say_moved("tag.held", r, tag, &had.digest, &now.digest, e->msg);
			return -1;
		}
		say_moved("tag.moved", r, tag, &had.digest, &now.digest, NULL);
	}
	tagstate_checked(x->tags, &r->name, tag, &now, unsaved, r->site->host);
	return 0;
}

int fetch_look(const struct fetch *x, const struct route *r, const char *tag,
	       int64_t deadline_ms, struct upstream_manifest *about, struct err *e)
{
	struct reference ref = { .is_digest = false };

	kept_wait(x->kept);
	snprintf(ref.tag, sizeof(ref.tag), "%s", tag);
	return head_with_retries(r, &ref, deadline_ms, about, NULL, e);
}

int fetch_blob_size(const struct fetch *x, const struct route *r, const struct digest *d,
		    int64_t deadline_ms, uint64_t *size, struct err *e)
{
	struct retry again = RETRY_INIT(deadline_ms);
	int rc;

	do
		rc = upstream_head_blob(r->site->up, &r->remote, d, deadline_ms, size, e);
	while (rc != 0 && retry_again(&again, e));
	if (rc == 0)
		loose_link(x->store, &r->name, d, NULL);
	return rc;
}
