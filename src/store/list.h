/*
 * list.h - which repositories a store has, and which tags a repository has.
 *
 * Read from the directories at each call, in byte order. Names that are no valid
 * repository or tag are passed over. Any thread.
 */
#ifndef LARDER_STORE_LIST_H
#define LARDER_STORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/reference.h"
#include "store/store.h"

#define LIST_MAX_BYTES (64u << 20) /* names of one directory, or of one answer */

/* Append to out every name after `last` (exclusive; "" from the start), each with a NUL
 * after it, at most `max`; *more says whether there are others. A tag whose link is torn
 * counts. */
int list_tags(struct store *s, const struct reponame *name, const char *last, size_t max,
	      struct buf *out, bool *more,
	      struct err *e); /* ERR_NOT_FOUND: no repository */
int list_repositories(struct store *s, const char *last, size_t max, struct buf *out,
		      bool *more, struct err *e);

/* The manifests of a repository, as digests, in the same way. ERR_NOT_FOUND: it has none.
 */
int list_manifests(struct store *s, const struct reponame *name, const char *last,
		   size_t max, struct buf *out, bool *more, struct err *e);

/* The same paging over names that are already in memory (NUL after each, any order, those
 * that come twice once). */
int list_page(struct view names, const char *last, size_t max, struct buf *out,
	      bool *more, struct err *e);

#endif
