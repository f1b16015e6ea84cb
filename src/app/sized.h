/*
 * sized.h - the store kept within larder.size, as the settings say.
 */
#ifndef LARDER_APP_SIZED_H
#define LARDER_APP_SIZED_H

#include "settings/settings.h"
#include "mirror/evict.h"
#include "mirror/mirror.h"
#include "store/store.h"
#include "store/usage.h"

struct sized;

/* What the settings come to on the disk of this store. */
struct evict_marks sized_marks(const struct settings *set, struct store *s);

/* From now on; without a limit it only waits for one. store, mirror, usage (NULL: none)
 * and env are borrowed. Never NULL. */
struct sized *sized_start(struct store *s, struct mirror *m, struct usage *usage,
			  const struct settings *set, char **env);
/* The same for a command: nothing where there is no limit; else it counts the store
 * first, if that has never been done. NULL is fine for all below. */
struct sized *sized_start_command(struct store *s, struct mirror *m,
				  const struct settings *set, char **env);
void sized_set(struct sized *z, const struct settings *set); /* at once */
void sized_stop(struct sized *z);

#endif
