/*
 * reach.h - which manifests of one repository are in use by its tags.
 *
 * Reached: what a tag leads to; what a reached index names; what is about a reached
 * manifest (its `subject`, or an entry of the same index); and the tags under which
 * clients keep signatures and lists of referrers ("sha256-<hex>", with or without a
 * suffix), as long as what they are about is reached. A manifest that cannot be read is
 * reached, too: it might lead anywhere. Memory is bounded: where there are too many,
 * everything counts as reached. One thread at a time.
 */
#ifndef LARDER_STORE_REACH_H
#define LARDER_STORE_REACH_H

#include <stdbool.h>

#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

struct reach;

/* What the manifests of one repository say, so that several reaches that are made soon
 * after each other read each once. Memory is bounded: past that they are read again. */
struct reach_memo;
struct reach_memo *reach_memo_new(void);
void reach_memo_free(struct reach_memo *m); /* NULL is fine */

/* without: a tag that counts as gone; NULL: none does. roots: further manifests to start
 * from (NULL and 0: none). memo: of this repository; NULL: none. NULL: *e (a directory
 * cannot be read). */
struct reach *reach_new(struct store *s, const struct reponame *name,
			bool (*without)(void *arg, const char *tag), void *arg,
			const struct digest *root, size_t nroots, struct reach_memo *memo,
			struct err *e);
void reach_free(struct reach *r); /* NULL is fine */
bool reach_has(const struct reach *r, const struct digest *d);
/* A tag that is about a manifest: its digest. */
bool reach_tag_is_about(const char *tag, struct digest *about);

#endif
