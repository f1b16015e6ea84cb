/*
 * ask_asof.h - a manifest by tag as of a date: by digest, the one that the tag's history
 * (store/history.h) names.
 *
 * As ask_manifest.h, whose terms hold; the freshness of the tag does not matter. What is
 * not here any more comes from the upstream by digest. By digest a date changes nothing.
 */
#ifndef LARDER_MIRROR_ASK_ASOF_H
#define LARDER_MIRROR_ASK_ASOF_H

#include <stdint.h>

#include "mirror/ask_manifest.h"

/* ERR_NOT_FOUND: the tag was not there, or that is not known; or what it led to is gone
 * from here and there. The message says which. */
enum answer ask_asof(struct mirror *m, const struct route *r, const struct reference *ref,
		     int64_t wall_ms, struct visit *v, struct found_manifest *out,
		     struct err *e);

#endif
