/*
 * tag.h - a repository's tags, and when each was last compared with its upstream.
 *
 * Any thread. Setting a tag is one rename: readers see the old digest or the new.
 */
#ifndef LARDER_STORE_TAG_H
#define LARDER_STORE_TAG_H

#include <stdint.h>

#include "base/err.h"
#include "base/removal.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

/* ERR_NOT_FOUND: no such tag; ERR_CORRUPT: its link is torn (the log names it). */
int tag_get(struct store *s, const struct reponame *name, const char *tag,
	    struct digest *out, struct err *e);
/* On disk on return. */
int tag_set(struct store *s, const struct reponame *name, const char *tag,
	    const struct digest *d, struct err *e);

/* When its folder was last changed (wall clock, ms); 0: there is none. Of a tag that
 * cannot be read, perhaps because it is just being set. */
int64_t tag_time(struct store *s, const struct reponame *name, const char *tag);
/* On disk on return. ERR_NOT_FOUND: no such tag. */
int tag_remove(struct store *s, const struct reponame *name, const char *tag,
	       struct err *e);
/* The same at once, and for good with removal_last. */
int tag_drop(struct store *s, const struct reponame *name, const char *tag,
	     struct removal *r, struct err *e);

/* When (wall clock, ms) the upstream last said that the tag is at *digest. ERR_NOT_FOUND:
 * never, or the note is unreadable. Lost in a power cut, it costs one question. */
int tag_check_get(struct store *s, const struct reponame *name, const char *tag,
		  struct digest *digest, int64_t *checked_ms, struct err *e);
int tag_check_set(struct store *s, const struct reponame *name, const char *tag,
		  const struct digest *digest, int64_t checked_ms, struct err *e);

#endif
