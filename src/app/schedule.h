/*
 * schedule.h - larder.schedule: while it serves, the images of larder.images are compared
 * with their upstreams at the times that cron words say, and what has changed is brought
 * here.
 *
 * A thread of its own, at low priority; what clients wait for goes before: no pull of
 * larder.reserve is spent here. What is left for that reason, or because an upstream is
 * in trouble, comes in a run of its own, as soon as there are pulls or an answer again.
 */
#ifndef LARDER_APP_SCHEDULE_H
#define LARDER_APP_SCHEDULE_H

#include "settings/settings.h"
#include "mirror/mirror.h"

struct schedule;

/* Borrows m and envp; s only for the call. */
struct schedule *schedule_start(struct mirror *m, const struct settings *s, char **envp);
/* New settings; a run under way ends by the old ones. */
void schedule_set(struct schedule *sc, const struct settings *s);
/* A run under way is cut short; mirror_cancel has been called before. NULL is fine. */
void schedule_stop(struct schedule *sc);

#endif
