/*
 * awaited.h - what ask_blob and its like answer, for threads that may block until it is
 * there.
 */
#ifndef LARDER_MIRROR_AWAITED_H
#define LARDER_MIRROR_AWAITED_H

#include <stdint.h>

#include "base/bell.h"
#include "base/err.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/task.h"
#include "mirror/visit.h"
#include "oci/digest.h"

/* Until it has rung since `seen`, which it may have already. */
void awaited_bell(struct bell *b, uint64_t seen);
/* Until the work has ended: how it did. Takes over the reference. */
int awaited_task(struct task *t, struct err *e);
/* The blob is here, or all of it has come and was right (and perhaps not kept: a full
 * disk). Errors as of ask_blob and its download. */
int awaited_blob(struct mirror *m, const struct route *r, const struct digest *d,
		 enum visit_for who, struct err *e);

#endif
