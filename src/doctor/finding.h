/*
 * finding.h - what a check has found, in words for people: what is so, and what to do.
 *
 * Checks run in groups, each on a thread of its own, because any of them may hang (a
 * dead network, a dead disk). A group's findings are complete when it has ended; one that
 * does not end in time is left behind, and what it finds later is dropped.
 */
#ifndef LARDER_DOCTOR_FINDING_H
#define LARDER_DOCTOR_FINDING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum finding_state { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_SKIPPED };

struct finding {
	char name[80]; /* of the check: "mirror", "upstream docker.io" */
	enum finding_state state;
	char found[640];  /* what is so */
	char remedy[640]; /* what to do; "" where nothing is to be done */
};

#define FINDING_MOST 8 /* of one group */

struct doctor;

struct group {
	struct doctor *d;
	const char *name;
	void (*fn)(struct group *g);
	size_t which;	     /* the upstream's, where there is one group each */
	int64_t deadline_ms; /* monotonic: when it should have ended by itself */
	bool has_thread;     /* to be joined */
	pthread_t thread;
	pthread_mutex_t mu; /* guards the rest */
	pthread_cond_t moved;
	struct finding found[FINDING_MOST];
	size_t n;
	bool done, late;
};

const char *finding_word(enum finding_state s); /* "ok", "warn", "FAIL", "skipped" */

/* Adds a finding to the group; only by its own thread. */
__attribute__((format(printf, 4, 5))) void finding_say(struct group *g, const char *name,
						       enum finding_state state,
						       const char *fmt, ...);
/* What to do about the last one. */
__attribute__((format(printf, 2, 3))) void finding_remedy(struct group *g,
							  const char *fmt, ...);

#endif
