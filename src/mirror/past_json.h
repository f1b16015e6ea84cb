/*
 * past_json.h - rows of histories (mirror/past.h) as larder's API gives them. Pure.
 */
#ifndef LARDER_MIRROR_PAST_JSON_H
#define LARDER_MIRROR_PAST_JSON_H

#include "mirror/past.h"

const char *past_json_here(enum past_here h); /* "no", "in part", "yes". Static. */

/* As docs/api.md has it, one line with its end; -1: over out's limit. */
#define PAST_JSON_MAX 4096
int past_json_write(struct buf *out, const struct past_row *r);
/* Another larder's. ERR_UPSTREAM: it is none. Texts are fit for a terminal. */
int past_json_read(struct view line, struct past_row *r, struct err *e);

#endif
