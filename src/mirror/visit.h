/*
 * visit.h - one request's way through the mirror, and the work it may have to wait for.
 *
 * The ask_* calls never wait. They answer READY, fail, or say WAIT: the visit then names
 * a bell; when it has rung since `seen`, the same call is made again, from the top, with
 * the same visit. An answer is a function of what the store and the work under way hold.
 * Handlers may call from any thread; one visit belongs to one request.
 */
#ifndef LARDER_MIRROR_VISIT_H
#define LARDER_MIRROR_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "base/err.h"
#include "mirror/mirror.h"
#include "mirror/route.h"
#include "mirror/task.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "upstream/may.h"

enum outcome {
	OUTCOME_HIT,	/* from the store, no work was needed */
	OUTCOME_MISS,	/* this request started the work */
	OUTCOME_JOINED, /* it shared work that another had started */
	OUTCOME_STALE,	/* from the store, though the upstream should have been asked */
};

/* Who waits. */
enum visit_for {
	VISIT_CLIENT,	  /* a client, who gives up after half a minute */
	VISIT_PERSON,	  /* one who has typed a command, and has time */
	VISIT_BACKGROUND, /* nobody: a schedule; no pull of the reserve is spent for it */
};

/* Zeroed, then since_ms set; visit_done at the end. */
struct visit {
	int64_t since_ms; /* monotonic: when the request came */
	enum visit_for who;
	bool must_check; /* however fresh a tag is, ask; and wait for the answer. Not
			    where it is pinned */
	struct platform wanted; /* most likely, of an image for several; may be empty */
	bool as_locked;		/* of a locked tag, its upstream is not asked at all */
	enum outcome outcome;
	unsigned rounds;
	struct task *task; /* what it waits for; holds the bell */
	bool flight;	   /* that is a flight */
	struct bell *bell;
	uint64_t seen;
};

enum answer { ANSWER_FAILED = -1, ANSWER_READY = 0, ANSWER_WAIT = 1 };

const char *visit_outcome(enum outcome o); /* "hit", "miss", "joined", "stale" */
void visit_done(struct visit *v);

/* The rest is for the ask_* files. */

#define VISIT_DEADLINE_MS                                                                \
	25000 /* for work; below the 30 s after which containerd gives up */

/* What a task works on; lives as long as the task. */
struct work {
	struct mirror *m;
	struct route route;
	struct digest digest;
	char tag[TAG_MAX_BYTES + 1];
	bool cached;		 /* there is an old answer to fall back on */
	enum visit_for who;	 /* as the visit says that began it, */
	bool must_check;	 /* likewise */
	struct platform wanted;	 /* likewise */
	enum upstream_want want; /* what it asks the upstream for first */
	int64_t since_ms;	 /* monotonic: when the request came that asked for it */
};

typedef char visit_key[NAME_MAX_BYTES + DIGEST_TEXT_MAX + TAG_MAX_BYTES + 8];

struct work *visit_work(struct mirror *m, const struct route *r, const struct visit *v);
/* Work for nobody who waits has keys of its own: it may be refused what a client who came
 * to it would be given. */
char visit_kind(char kind, const struct visit *v);
void visit_digest_key(visit_key key, char kind, const struct route *r,
		      const struct digest *d);
/* The GETs of such work: of a copy that has moved, or with nobody waiting, they keep off
 * the reserve. */
enum upstream_want visit_get(const struct work *w);
/* Start the work, which takes w over, or join it; NULL: *e. It is not begun where the
 * upstream would not give w->want (upstream/may.h), or is being checked too often
 * (mirror/throttle.h). The visit holds the task and its bell. */
struct task *visit_join(struct visit *v, const char *key, task_fn fn, struct work *w,
			bool *started, struct err *e);
/* The same for work that asks nobody: only the store, in a lane of that name. */
struct task *visit_join_here(struct visit *v, const char *lane, const char *key,
			     task_fn fn, struct work *w, struct err *e);
/* The same for work that compares with the upstream what is here already (w->cached):
 * those who wait for it look again after some patience. */
struct task *visit_check(struct visit *v, const char *key, task_fn fn, struct work *w,
			 struct err *e);
/* Is it time to answer with what is here? */
bool visit_impatient(const struct visit *v, const struct route *r);
/* Where the work is over it is known how; else the visit waits. */
enum answer visit_look(struct visit *v, const struct task_result **result, struct err *e);
/* The work is done: look again, at once. Often in vain: a store that loses what it is
 * given. */
enum answer visit_again(struct visit *v, struct err *e);
/* At the end of work: how it went, and how long a failure answers those who come after
 * it. */
void visit_work_over(struct task_result *out, struct work *w, int rc);

#endif
