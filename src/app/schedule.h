/*
 * schedule.h - larder.schedule: while it serves, the images of larder.images are compared
 * with their upstreams at the times that cron words say, and what has changed is brought
 * here.
 *
 * A thread of its own, at low priority; what clients wait for goes before: an image that
 * would have to be fetched is left for later when the pull quota is down to
 * larder.reserve.
 */
#ifndef LARDER_APP_SCHEDULE_H
#define LARDER_APP_SCHEDULE_H

#include "app/settings.h"
#include "mirror/mirror.h"

struct schedule;

/* Borrows m and envp; s only for the call. */
struct schedule *schedule_start(struct mirror *m, const struct settings *s, char **envp);
/* New settings; a run under way ends by the old ones. */
void schedule_set(struct schedule *sc, const struct settings *s);
/* A run under way is cut short; mirror_cancel has been called before. NULL is fine. */
void schedule_stop(struct schedule *sc);

#endif
