/*
 * ask_former.h - a tag that leads to what is not whole here, while what it led to before
 * is: which of both is a client given?
 */
#ifndef LARDER_MIRROR_ASK_FORMER_H
#define LARDER_MIRROR_ASK_FORMER_H

#include <stdbool.h>

#include "base/err.h"
#include "mirror/ask_manifest.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/tagstate.h"
#include "mirror/visit.h"

/* The tag is as fresh as it has to be; but its upstream is needed for the rest, and was
 * asked some time ago: it is asked once more. Any thread. */
bool ask_former_is_doubtful(struct mirror *m, const struct route *r, const char *tag,
			    const struct tagstate *s, const struct platform *wanted,
			    int64_t since_ms);

/* out->m is what the tag leads to, at state. Where an upstream shows that the rest cannot
 * be had now, or as far as is known, it is the image of before, marked stale. Where the
 * client has named its platform, what it asks for next is tried (mirror/trial.h), with
 * the patience that it has for a check. Not for who wants to know how it is
 * (v->must_check). */
enum answer ask_former(struct mirror *m, const struct route *r, const char *tag,
		       const struct tagstate *state, struct visit *v,
		       struct found_manifest *out);

#endif
