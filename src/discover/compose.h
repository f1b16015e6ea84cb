/*
 * compose.h - the images that a compose file names (compose-spec: services, build,
 * interpolation, include).
 *
 * The image of a service that is built is what the build makes, so it is none. Variables
 * are the environment's, then those of the .env file beside (struct reading).
 */
#ifndef LARDER_DISCOVER_COMPOSE_H
#define LARDER_DISCOVER_COMPOSE_H

#include <stdbool.h>

#include "discover/reading.h"

/* Does it look like one: services, of which one has an image or is built? */
bool compose_is(const struct yaml *doc);
void compose_read(struct reading *r, const struct yaml *doc);

/* A value of the environment or of r->beside, for struct expand; arg is r. */
const char *compose_value(void *arg, const char *name);
/* The lines of an .env file into v; variable as in struct reading wins in values. */
void compose_dotenv(struct reading *r, struct view text);

#endif
