/*
 * listed.h - the images of larder.images as the store knows them: what is to stay here.
 */
#ifndef LARDER_APP_LISTED_H
#define LARDER_APP_LISTED_H

#include <stdbool.h>

#include "base/err.h"
#include "mirror/retire.h"
#include "mirror/route.h"

struct listed;

/* path NULL: no list, nothing is on it. NULL: the list cannot be read, or a line of it
 * is bad (*e names it): then it is not known what is to stay. env: for ${NAME}. */
struct listed *listed_load(const char *path, struct plan *plan, char **env,
			   struct err *e);
void listed_free(struct listed *l); /* NULL is fine */
/* For struct retire_ask. Any thread. */
bool listed_has(void *listed, const struct retire_image *im);

#endif
