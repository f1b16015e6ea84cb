/*
 * engine_place.h - where an engine is to be found: what people write, what the
 * environment says, and where engines usually are.
 */
#ifndef LARDER_UPSTREAM_ENGINE_PLACE_H
#define LARDER_UPSTREAM_ENGINE_PLACE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define ENGINE_PLACE_MAX 300

struct engine_place {
	char shown[ENGINE_PLACE_MAX];	  /* for people: "unix:///var/run/docker.sock" */
	char unix_path[ENGINE_PLACE_MAX]; /* "" for TCP */
	char base[ENGINE_PLACE_MAX];	 /* "http://localhost", "https://10.0.0.1:2376" */
	char cert_dir[ENGINE_PLACE_MAX]; /* of ca.pem, cert.pem and key.pem; "": none */
};

/* where: as engine_open has it. ERR_INVALID: not a place that can be used (ssh://,
 * npipe://); ERR_NOT_FOUND: none given, and no socket in any of the usual places. */
int engine_place_find(const char *where, struct engine_place *out, struct err *e);
/* One that is spelt out: "unix:///x", "/x", "tcp://host:port", "http://host:port". */
int engine_place_parse(const char *text, struct engine_place *out, struct err *e);

#endif
