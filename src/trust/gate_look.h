/*
 * gate_look.h - one manifest looked at: what it is, its signatures, their judgement, and
 * of what is asked for by digest the indexes that name it.
 *
 * All that costs time is here: parsing, reading and cryptography, up to a second for each
 * manifest that is looked at. It blocks on nothing but local files. One thread at a time.
 */
#ifndef LARDER_TRUST_GATE_LOOK_H
#define LARDER_TRUST_GATE_LOOK_H

#include <stdatomic.h>

#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/visit.h"
#include "store/mcache.h"
#include "trust/gate_known.h"
#include "trust/gate_rules.h"

#define GATE_YES_MS (60 * 60 * 1000)
#define GATE_NO_MS (10 * 1000)
#define GATE_PATIENCE_MS (20 * 1000) /* for all the signatures of one image */

/* Why it is accepted, where that is remembered. */
#define GATE_LOOK_TAG "cosign"	/* by the signature under cosign's tag */
#define GATE_LOOK_ABOUT "about" /* it is no image */

/* What is asked about; all borrowed until gate_look_new returns. */
struct gate_question {
	struct mirror *mirror; /* outlives the look */
	struct gate_rules *rules;
	const struct policy *policy; /* of those; not NULL */
	const struct route *route;
	const struct reference *ref; /* as which it is asked for */
	struct stored *m;
};

/* As which it is remembered. Names only q. */
struct gate_known_key gate_look_key(const struct gate_question *q);

struct gate_look;
/* stop: outlives it; once that is true it ends soon with ERR_CANCELLED. */
struct gate_look *gate_look_new(const struct gate_question *q, const atomic_bool *stop);
void gate_look_free(struct gate_look *l); /* NULL is fine */
/* READY: accepted. FAILED: ERR_DENIED, and the message says what is missing, without the
 * image's name; or ERR_CANCELLED. WAIT: again when the bell has rung. */
enum answer gate_look_go(struct gate_look *l, struct err *e);
struct bell *gate_look_bell(const struct gate_look *l, uint64_t *seen); /* after WAIT */
/* What it holds in memory, about: manifests, and signatures as they say themselves. */
size_t gate_look_bytes(const struct gate_look *l);
/* It took longer than it may: ERR_DENIED in *e. */
bool gate_look_late(const struct gate_look *l, struct err *e);
/* At the end: what it found is remembered, and a no is logged. Only a yes, and a no of
 * kind ERR_DENIED. */
void gate_look_remember(struct gate_look *l, struct gate_known *known, enum answer answer,
			const struct err *e);
/* For people: the image as it was asked for. */
#define GATE_LOOK_NAME_MAX (ROUTE_SHOWN_MAX + DIGEST_TEXT_MAX + 2)
void gate_look_name(const struct route *r, const struct reference *ref,
		    char out[GATE_LOOK_NAME_MAX]);

#endif
