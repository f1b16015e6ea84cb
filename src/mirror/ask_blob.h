/*
 * ask_blob.h - a blob: a file, or a place in a download under way; without blocking
 * (mirror/visit.h). Errors as in ask_manifest.h.
 */
#ifndef LARDER_MIRROR_ASK_BLOB_H
#define LARDER_MIRROR_ASK_BLOB_H

#include "mirror/visit.h"

/* Exactly one of fd and flight is set; with want_body false, neither and only the size.
 */
struct found_blob {
	int fd;		     /* the caller's to close; -1 */
	struct task *flight; /* a reference (mirror/flight.h); NULL */
	int64_t size;	     /* -1: not known (a flight whose upstream did not say) */
};

enum answer ask_blob(struct mirror *m, const struct route *r, const struct digest *d,
		     bool want_body, struct visit *v, struct found_blob *out,
		     struct err *e);

#endif
