/*
 * engine_ask.h - one request to an engine, and its answer.
 */
#ifndef LARDER_UPSTREAM_ENGINE_ASK_H
#define LARDER_UPSTREAM_ENGINE_ASK_H

#include "upstream/engine.h"
#include "upstream/engine_place.h"

struct engine {
	struct engine_place place;
	struct buf ca;
	char *cert_file, *key_file; /* or NULL */
	char version[16];	    /* "/v1.41", or "" before it is known */
	struct engine_facts facts;
};

struct engine_request {
	const char *method, *path; /* "GET", "/images/x/json?a=b": below the version */
	const struct transport_body *body;
	const char *type;    /* Content-Type of the body */
	int64_t deadline_ms; /* monotonic, 0: none */
	int wait_ms;	     /* for the header, and between bytes; 0: a minute */
	/* For a 2xx answer. */
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

/* 0: done (2xx). ERR_NOT_FOUND for 404, INVALID for 400 and 409, DENIED for 401 and 403,
 * or by the words of the engine's message; the rest as engine.h says. */
int engine_ask(struct engine *g, const struct engine_request *r, struct err *e);
/* GET of a JSON document. */
struct json *engine_ask_json(struct engine *g, const char *path, struct err *e);

#endif
