/*
 * tally.h - one image: what it names, and what of it is here. For inventory.c.
 */
#ifndef LARDER_MIRROR_TALLY_H
#define LARDER_MIRROR_TALLY_H

#include "mirror/inventory.h"

/* Fill row's media type, kind, platforms, bytes, shared and complete from the manifest
 * row->digest of row->repository, and with `count` count it in s. ERR_NOT_FOUND: it is
 * not here; ERR_CORRUPT: it or a blob of it is not what it should be (what could be read
 * is filled in). ERR_IO. */
int tally_image(struct store *store, struct shares *s, bool count,
		struct inventory_row *row, struct err *e);

#endif
