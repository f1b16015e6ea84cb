/*
 * gate_cases.h - images that are being looked at: each once, however many ask, and on
 * threads of their own.
 *
 * A look (gate_look.h) costs up to a second of processor time for each manifest. So it
 * runs at low priority on few threads; while it waits for the network it has none. Whose
 * image it is has a lane (base/lanes.h), and so many places: who has a thousand images
 * that are costly keeps others' from nothing but what all share. At the limit an image is
 * refused for the moment, and that is not remembered.
 *
 * Any thread.
 */
#ifndef LARDER_TRUST_GATE_CASES_H
#define LARDER_TRUST_GATE_CASES_H

#include "base/bell.h"
#include "trust/gate_known.h"
#include "trust/gate_look.h"

/* A site's owners (the first component of a name) share so many lanes, by their names. */
#define GATE_CASES_LANES 16
#define GATE_CASES_MAX 256 /* under way in one lane */
/* What those of one lane hold in memory; one alone may hold more. */
#define GATE_CASES_BYTES (32u << 20)

struct gate_cases;
struct gate_case;

/* known: borrowed; what is found is put there before a case is over. */
struct gate_cases *gate_cases_new(struct gate_known *known);
/* From now on each ends soon, once what it waits for has ended; no more are taken. */
void gate_cases_cancel(struct gate_cases *cs);
/* Cancels, and waits for those under way; the mirror must still be there, and cancelled,
 * too, where cases may be under way. NULL is fine. */
void gate_cases_free(struct gate_cases *cs);

struct gate_result {
	enum answer answer; /* READY, or FAILED with: */
	struct err err;	    /* as of gate_look_go, or ERR_BUSY */
};

/* The case about this, begun if there is none; a reference. NULL: ERR_BUSY, or
 * ERR_CANCELLED. */
struct gate_case *gate_cases_join(struct gate_cases *cs, const struct gate_question *q,
				  struct err *e);
void gate_case_unref(struct gate_case *c); /* NULL is fine */
/* Rings when it is over. As long as the reference. */
struct bell *gate_case_bell(struct gate_case *c);
/* NULL while it is under way; then unchanging, as long as the reference. */
const struct gate_result *gate_case_result(struct gate_case *c);

#endif
