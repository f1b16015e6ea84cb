/*
 * tidy.h - the notes and folders of a repository that belong to nothing any more.
 */
#ifndef LARDER_STORE_TIDY_H
#define LARDER_STORE_TIDY_H

#include <stdint.h>

#include "oci/reference.h"
#include "store/store.h"

/* Notes of referrers that are gone and of upstreams' lists for manifests that are, notes
 * of checks of tags that are, folders without anything in them. How many files went.
 * What cannot be read or removed stays. */
uint64_t tidy_repository(struct store *s, const struct reponame *name);
/* The same but for the folders of links. */
uint64_t tidy_notes(struct store *s, const struct reponame *name);

#endif
