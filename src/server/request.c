/*
 * request.c - what a path asks for (OCI distribution-spec "Endpoints").
 */
#include "server/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/intake.h"
#include "trust/gate.h"

const char *request_word(enum request_kind k)
{
	static const char *const words[] = {
		[REQUEST_OTHER] = "other",	   [REQUEST_PING] = "ping",
		[REQUEST_MANIFEST] = "manifest",   [REQUEST_BLOB] = "blob",
		[REQUEST_TAGS] = "tags",	   [REQUEST_CATALOG] = "catalog",
		[REQUEST_REFERRERS] = "referrers", [REQUEST_UPLOAD] = "upload",
		[REQUEST_TOKEN] = "token",	   [REQUEST_HEALTH] = "health",
		[REQUEST_READY] = "ready",	   [REQUEST_METRICS] = "metrics",
		[REQUEST_IMAGES] = "images",	   [REQUEST_STATUS] = "status",
		[REQUEST_CHECK] = "check",	   [REQUEST_HISTORY] = "history",
	};

	return words[k];
}

static const char *const methods[] = { "OTHER", "GET",	 "HEAD",  "POST",
				       "PUT",	"PATCH", "DELETE" };

enum request_method request_method(const char *word)
{
	size_t i;

	for (i = METHOD_GET; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i], word) == 0)
			return (enum request_method)i;
	return METHOD_OTHER;
}

const char *request_method_word(enum request_method m)
{
	return methods[m];
}

/* Does [p, p + n) end with `tail`? Then what is before it. */
static bool split_tail(const char *p, size_t n, const char *tail, struct view *before)
{
	size_t t = strlen(tail);

	if (n <= t || memcmp(p + n - t, tail, t) != 0)
		return false;
	*before = (struct view){ p, n - t };
	return true;
}

/* The end decides: the name before it may hold any of these words. */
static enum request_kind classify_v2(const char *rest, struct view *name,
				     struct view *ref)
{
	static const struct {
		const char *tail; /* of what is before the last slash */
		const char *last; /* what follows it; NULL: anything */
		enum request_kind kind;
	} ends[] = {
		{ "/manifests", NULL, REQUEST_MANIFEST },
		{ "/blobs/uploads", NULL, REQUEST_UPLOAD },
		{ "/blobs", "uploads", REQUEST_UPLOAD },
		{ "/blobs", NULL, REQUEST_BLOB },
		{ "/referrers", NULL, REQUEST_REFERRERS },
		{ "/tags", "list", REQUEST_TAGS },
	};
	const char *slash = strrchr(rest, '/');
	size_t i;

	if (strcmp(rest, "_catalog") == 0)
		return REQUEST_CATALOG;
	for (i = 0; slash != NULL && i < ARRAY_LEN(ends); i++) {
		if (ends[i].last != NULL && strcmp(slash + 1, ends[i].last) != 0)
			continue;
		if (!split_tail(rest, (size_t)(slash - rest), ends[i].tail, name))
			continue;
		if (ends[i].last == NULL)
			*ref = view_of(slash + 1);
		return ends[i].kind;
	}
	return REQUEST_OTHER;
}

enum request_kind request_classify(const char *path, struct view *name, struct view *ref)
{
	*name = *ref = view_of("");
	if (strcmp(path, "/v2") == 0 || strcmp(path, "/v2/") == 0)
		return REQUEST_PING;
	if (strncmp(path, "/v2/", 4) == 0)
		return classify_v2(path + 4, name, ref);
	if (strcmp(path, "/token") == 0)
		return REQUEST_TOKEN;
	if (strcmp(path, "/healthz") == 0)
		return REQUEST_HEALTH;
	if (strcmp(path, "/readyz") == 0)
		return REQUEST_READY;
	if (strcmp(path, "/metrics") == 0)
		return REQUEST_METRICS;
	if (strcmp(path, "/larder/v1/images") == 0)
		return REQUEST_IMAGES;
	if (strcmp(path, "/larder/v1/status") == 0)
		return REQUEST_STATUS;
	if (strcmp(path, "/larder/v1/check") == 0)
		return REQUEST_CHECK;
	if (strcmp(path, "/larder/v1/history") == 0)
		return REQUEST_HISTORY;
	return REQUEST_OTHER;
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct request *request_new(struct server *s, const char *uri)
{
	struct request *rq = mem_alloc(sizeof(*rq));

	rq->server = s;
	rq->uri = mem_dup(uri);
	rq->bad_uri = strstr(uri, "%00") != NULL;
	rq->start_us = now_us();
	rq->visit.since_ms = clock_mono_ms();
	return rq;
}

void request_free(struct request *rq)
{
	if (rq == NULL)
		return;
	intake_free(rq->intake);
	task_unref(rq->user.wait);
	free(rq->user.name);
	gate_pass_free(rq->pass);
	visit_done(&rq->visit);
	if (rq->routed)
		route_done(&rq->route);
	free(rq->path);
	free(rq->uri);
	free(rq);
}

struct view request_header(struct request *rq, const char *name)
{
	return view_trim(
		view_of(MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name)));
}

const char *request_arg(struct request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->conn, MHD_GET_ARGUMENT_KIND, name);
}

bool request_none_match(struct request *rq, const char *etag)
{
	struct view v = request_header(rq, "If-None-Match");
	size_t n = strlen(etag);

	while (v.n > 0) {
		const char *comma = memchr(v.p, ',', v.n);
		struct view one = { v.p, comma ? (size_t)(comma - v.p) : v.n };

		v.p += one.n + (comma != NULL);
		v.n -= one.n + (comma != NULL);
		one = view_trim(one);
		if (view_is(one, "*"))
			return true;
		if (view_starts(one, "W/"))
			one = (struct view){ one.p + 2, one.n - 2 };
		if (one.n >= 2 && one.p[0] == '"' && one.p[one.n - 1] == '"')
			one = (struct view){ one.p + 1, one.n - 2 };
		if (one.n == n && memcmp(one.p, etag, n) == 0)
			return true;
	}
	return false;
}
