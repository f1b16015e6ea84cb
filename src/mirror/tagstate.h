/*
 * tagstate.h - what is known of mirrored tags: the digest, and when the upstream last
 * said so.
 *
 * The digest's truth is the tag's link on disk, read each time, so that another process's
 * change is seen. The time of the check is remembered in memory and, across restarts,
 * beside the store. What could not be written (a full disk) is known in memory only. Any
 * thread.
 */
#ifndef LARDER_MIRROR_TAGSTATE_H
#define LARDER_MIRROR_TAGSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/route.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"

struct tagstates;

struct tagstate {
	struct digest digest;
	int64_t checked_wall_ms; /* 0: not known */
	int64_t checked_mono_ms; /* 0: not by this process */
};

struct tagstates *tagstates_new(struct store *s);
void tagstates_free(struct tagstates *t);
/* False: nothing is cached under this tag. */
bool tagstate_get(struct tagstates *t, const struct reponame *name, const char *tag,
		  struct tagstate *out);
/* The upstream at that host, asked at now->checked_wall_ms, said that the tag is at
 * now->digest, and that manifest is stored (or, with unsaved, only in memory). Moves the
 * tag on disk if it was elsewhere. Never fails: what the disk refuses is logged and kept
 * in memory. checked_mono_ms becomes the present: who came meanwhile has waited for it.
 */
void tagstate_checked(struct tagstates *t, const struct reponame *name, const char *tag,
		      const struct tagstate *now, bool unsaved, const char *host);
/* Of what the tag leads to nothing is missing for that platform (empty: for who names
 * none), or there is nothing else to give: as far as this process has seen, of a few
 * platforms of each. */
bool tagstate_is_settled(struct tagstates *t, const struct reponame *name,
			 const char *tag, const struct digest *d,
			 const struct platform *wanted);
void tagstate_settle(struct tagstates *t, const struct reponame *name, const char *tag,
		     const struct digest *d, const struct platform *wanted);
/* The tag is at *d here, by a lock, whatever the upstream says: the same, but that
 * nothing is known of a check. */
void tagstate_locked(struct tagstates *t, const struct reponame *name, const char *tag,
		     const struct digest *d, bool unsaved);
/* May it be believed without a question? since_ms: monotonic, when the request came; what
 * has been checked since is fresh, and with must_check nothing else unless it is pinned.
 */
bool tagstate_is_fresh(const struct tagstate *s, struct tag_policy policy,
		       int64_t since_ms, bool must_check);

#endif
