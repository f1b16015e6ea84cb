/*
 * gather.h - a store with its upstreams, for a command that brings images into it: set up
 * by the settings, worked by batches with progress and signals, closed.
 *
 * The main thread shows progress and takes signals: the first ends what is under way, the
 * second ends at once.
 */
#ifndef LARDER_APP_GATHER_H
#define LARDER_APP_GATHER_H

#include <signal.h>
#include <stdbool.h>

#include "app/imageargs.h"
#include "settings/settings.h"
#include "base/err.h"
#include "mirror/batch.h"
#include "mirror/mirror.h"
#include "store/store.h"

struct sized;

struct gather {
	/* filled by the caller; borrowed */
	const char *command; /* for messages */
	const struct settings *settings;
	char **envp;
	bool quiet; /* no progress */
	/* What upstreams say, whatever larder.lock does. For who brings manifests alone:
	 * since it is not known what must stay, no room is made. */
	bool unlocked;
	const struct lockfile *lock; /* counts besides, and before; NULL: none */
	/* its own, to be looked at */
	struct plan *plan;
	struct store *store;   /* NULL after gather_open_plan */
	struct mirror *mirror; /* the same */
	bool interrupted;
	struct sized *sized;
};

/* The log as commands have it: the report says what went wrong, once; warnings of the
 * settings are printed. */
void gather_log(const struct gather *g);
/* Plan, store, mirror and the limit of its size; or the plan alone. gather_close in any
 * case, also when zeroed. Signals end the process as ever. */
int gather_open(struct gather *g, struct err *e);
int gather_open_plan(struct gather *g, struct err *e);
void gather_close(struct gather *g);
/* All images of args that are not bad, through b, whose plan, mirror and images this
 * fills in. Until it returns, signals are taken here. */
void gather_run(struct gather *g, struct batch *b, struct imageargs *args);

#endif
