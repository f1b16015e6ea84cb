/*
 * discover_show.h - what was discovered, as an image list, a table, or JSON.
 */
#ifndef LARDER_APP_DISCOVER_SHOW_H
#define LARDER_APP_DISCOVER_SHOW_H

#include <stdio.h>

#include "discover/find.h"

/* One line an image, as oci/imagelist.h reads it: its platforms before it where places
 * say them, its places as a comment. Nothing of those without image. */
void discover_show_list(const struct finds *l, FILE *to);
/* One line a place without image, and why it has none. */
void discover_show_unresolved(const struct finds *l, FILE *to);
/* One line a place. */
void discover_show_table(const struct finds *l, FILE *to);
/* One object a place. */
void discover_show_json(const struct finds *l, FILE *to);

#endif
