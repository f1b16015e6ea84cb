/*
 * pull_target.h - where images go from the store: an engine's local images, or another
 * registry.
 *
 *	docker, podman             the engine that the docker or podman command would use
 *	docker:PLACE, podman:PLACE a socket's path, unix://..., tcp://HOST:PORT
 *	registry://HOST[/PREFIX]   another registry: http on a loopback address, else
 *https http://..., https://...    the same, as said
 */
#ifndef LARDER_APP_PULL_TARGET_H
#define LARDER_APP_PULL_TARGET_H

#include <stdbool.h>

#include "app/imageargs.h"
#include "settings/settings.h"
#include "base/err.h"
#include "store/store.h"

struct pull_target;

/* ERR_INVALID: no such target. Else as engine.h: an engine is asked for its version. s
 * and store are borrowed. The HTTP client has been set up. */
int pull_target_open(const char *text, const struct settings *s, struct store *store,
		     struct pull_target **out, struct err *e);
void pull_target_close(struct pull_target *t); /* NULL is fine */
/* For messages: "Docker 20.10.24", "registry localhost:5000". */
const char *pull_target_name(const struct pull_target *t);
/* What images without platforms of their own are wished for: 1 and *p, or 0: all. */
size_t pull_target_platform(const struct pull_target *t, struct platform *p);
/* Give it an image of the store: a batch's `hand`, with the target as arg. The image can
 * be had there by the name that was asked for: in an engine "python:3.11-slim", in a
 * registry "HOST/PREFIX/python:3.11-slim". */
int pull_target_hand(void *target, struct batch_image *im, bool *handed, struct err *e);

#endif
