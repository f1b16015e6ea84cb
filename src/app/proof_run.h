/*
 * proof_run.h - images found, proved one after the other, and shown.
 */
#ifndef LARDER_APP_PROOF_RUN_H
#define LARDER_APP_PROOF_RUN_H

#include "app/imageargs.h"
#include "app/proof.h"
#include "app/proof_show.h"

struct proof_run { /* filled by the caller; borrowed */
	struct proof_ask ask;
	struct plan *plan;
	struct proof_show *show;
	/* out */
	size_t images, good;
};

/* Those that are named. One that is not in the store is brought, but for its blobs,
 * unless nobody is to be asked. -1: it cannot go on. */
int proof_run_named(struct proof_run *r, const struct imageargs *args, struct err *e);
/* All that the store has under a tag; tags under which clients keep signatures are none.
 */
int proof_run_all(struct proof_run *r, struct err *e);

#endif
