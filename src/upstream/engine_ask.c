/*
 * engine_ask.c - transport.h over an engine's socket; what its refusals mean.
 */
#include "upstream/engine_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/json.h"
#include "upstream/engine_lines.h"
#include "upstream/gate.h"

#define REFUSAL_MAX_BYTES 65536
#define JSON_MAX_BYTES (8u << 20)
#define CONNECT_MS 5000
#define WAIT_MS 60000
#define SMALL_MS 60000 /* for a request that is answered with a document */

struct answer {
	const struct engine_request *r;
	struct transport_answer a;
	struct buf refusal;
};

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct answer *w = arg;
	size_t room = w->refusal.limit - w->refusal.n;

	if (w->a.status >= 200 && w->a.status < 300)
		return w->r->data != NULL ? w->r->data(w->r->arg, p, n, e) : 0;
	buf_add(&w->refusal, p, n < room ? n : room);
	return n < room ? 0 : 1;
}

/* A connection that was not made, for one that is not used to sockets. */
static int add_advice(const struct engine *g, struct err *e)
{
	bool unix_socket = g->place.unix_path[0] != '\0';

	switch (e->errnum) {
	case EACCES:
	case EPERM:
		return err_set(
			e, ERR_DENIED,
			"%s: permission denied. Run this with sudo, or let yourself "
			"use the engine (sudo usermod -aG docker $USER, then log in "
			"again)",
			g->place.shown);
	case ENOENT:
		return err_set(e, ERR_NOT_FOUND,
			       "%s: there is no such socket. Is the engine installed and "
			       "started (systemctl start docker)?",
			       g->place.shown);
	case ECONNREFUSED:
		return err_set(
			e, ERR_UPSTREAM,
			"%s: nobody answers there: the engine is not running. Start "
			"it%s",
			g->place.shown, unix_socket ? " (systemctl start docker)" : "");
	default:
		return err_add(e, "%s", g->place.shown);
	}
}

/* Docker: {"message": ...}; Podman: {"cause", "message", "response"}. */
static void message_of(const struct answer *w, char out[300])
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(buf_view(&w->refusal), NULL);
	const char *message = json_get_str(doc, "message");

	if (message == NULL && doc == NULL && w->refusal.n > 0)
		message = buf_str(&w->refusal);
	snprintf(out, 300, "%s", message != NULL ? message : "it does not say why");
}

static int refused(const struct engine *g, const struct answer *w, struct err *e)
{
	char message[300];
	enum err_kind kind;

	message_of(w, message);
	switch (w->a.status) {
	case 404:
		kind = ERR_NOT_FOUND;
		break;
	case 400:
	case 409:
		kind = ERR_INVALID;
		break;
	case 401:
	case 403:
		kind = ERR_DENIED;
		break;
	default:
		kind = engine_lines_kind(message);
	}
	return err_set(e, kind, "%s answered %d: %s", g->place.shown, w->a.status,
		       message);
}

int engine_ask(struct engine *g, const struct engine_request *r, struct err *e)
{
	CLEANUP(mem_freep)
	char *url = mem_fmt("%s%s%s", g->place.base, g->version, r->path);
	CLEANUP(mem_freep)
	char *type = r->type ? mem_fmt("Content-Type: %s", r->type) : NULL;
	int wait_ms = r->wait_ms > 0 ? r->wait_ms : WAIT_MS;
	struct answer w = { .r = r, .refusal = BUF_INIT(REFUSAL_MAX_BYTES) };
	struct transport_request req = {
		.method = r->method,
		.url = url,
		.header = { type },
		.body = r->body,
		.ca = buf_view(&g->ca),
		.cert_file = g->cert_file,
		.key_file = g->key_file,
		.limits = { CONNECT_MS, wait_ms, wait_ms },
		.deadline_ms = r->deadline_ms,
		.data = on_data,
		.arg = &w,
	};
	struct err mine;
	int rc;

	e = e != NULL ? e : &mine;
	if (gate_stopped())
		return gate_stopped_err(e);
	if (url_parse(url, &req.at, e) != 0)
		return err_add(e, "%s", g->place.shown);
	if (g->place.unix_path[0] != '\0')
		req.unix_path = g->place.unix_path;
	transport_answer_init(&w.a);
	rc = transport_run(&req, &w.a, e);
	if (rc != 0 && e->kind == ERR_UPSTREAM)
		add_advice(g, e);
	else if (rc == 0 && (w.a.status < 200 || w.a.status >= 300))
		rc = refused(g, &w, e);
	transport_answer_done(&w.a);
	buf_done(&w.refusal);
	return rc;
}

static int on_json(void *arg, const void *p, size_t n, struct err *e)
{
	if (buf_add(arg, p, n) != 0)
		return err_set(e, ERR_LIMIT, "an answer of more than %u bytes",
			       JSON_MAX_BYTES);
	return 0;
}

struct json *engine_ask_json(struct engine *g, const char *path, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(JSON_MAX_BYTES);
	struct engine_request r = { .method = "GET",
				    .path = path,
				    .deadline_ms = clock_mono_ms() + SMALL_MS,
				    .data = on_json,
				    .arg = &text };
	struct json *doc;

	if (engine_ask(g, &r, e) != 0)
		return NULL;
	doc = json_parse(buf_view(&text), NULL);
	if (doc == NULL)
		err_set(e, ERR_UPSTREAM,
			"%s: what answers there is no Docker or Podman engine",
			g->place.shown);
	return doc;
}
