/*
 * chores.h - housekeeping while it serves: one thread of low priority that does one thing
 * after another, each as often as the settings say, at a pace that leaves the machine to
 * others.
 */
#ifndef LARDER_APP_CHORES_H
#define LARDER_APP_CHORES_H

#include <stdbool.h>
#include <stdint.h>

#include "settings/settings.h"
#include "mirror/mirror.h"
#include "store/store.h"
#include "store/usage.h"

#define CHORES_FIRST_MS (5 * 60 * 1000) /* after the start, and after new settings */

/* What the settings say of it. */
struct chores_conf {
	int64_t collect_ms; /* between two collections; 0: none */
	int64_t grace_ms;
	struct setting_keep *keep; /* owned, as their patterns */
	size_t n_keep;
	char *images;	    /* owned; NULL: none */
	int64_t scrub_ms;   /* between two full scrubs; 0: none */
	int64_t scrub_rate; /* bytes a second */
};

struct chores {
	struct store *store;
	struct mirror *mirror;
	struct usage *usage; /* whose notes are written before they are read */
	char **env;
	bool counts;		 /* for chore_room.c */
	struct chores_conf conf; /* of the run under way: the thread's own */
	int64_t again_ms;	 /* set by a run that wants its next sooner; 0: not */
	unsigned scrub_tries;	 /* repairs in vain, one after the other; ... */
	int64_t scrub_tried_ms;	 /* ... the last, monotonic */
	struct chores_thread *thread;
};

/* All but the settings is borrowed. NULL: no thread was to be had (logged). */
struct chores *chores_start(struct store *s, struct mirror *m, struct usage *usage,
			    const struct settings *set, char **env);
void chores_set(struct chores *c, const struct settings *set); /* NULL c is fine */
void chores_stop(struct chores *c);			       /* NULL is fine */

/* For what runs on the thread, often: sleeps for three times as long as there was work
 * since the last breath. False: larder is stopping, or has new settings: come to an end.
 */
bool chores_breathe(struct chores *c);
/* The same without a sleep, for what others wait for. */
bool chores_may_go_on(struct chores *c);
/* The same, for at least so long. */
bool chores_rest(struct chores *c, int64_t ms);

#endif
