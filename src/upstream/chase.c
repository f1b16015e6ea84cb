/*
 * chase.c - hop by hop; what goes along and what stays behind is redirect.h's to say.
 */
#include "upstream/chase.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "upstream/meter.h"
#include "upstream/toomany.h"

static bool is_success(const struct chase *c)
{
	return c->answer.status >= 200 && c->answer.status < 300;
}

/* It asks who we are; the token service, which may be dead, is still to be asked. */
static bool is_challenge(const struct chase *c)
{
	return !c->way.foreign && c->authorization == NULL && c->form == NULL &&
	       (c->answer.status == 401 || c->answer.status == 403) &&
	       transport_header(&c->answer, "WWW-Authenticate", 0).n > 0;
}

/* What a complete header says of the health of who sent it. */
static enum breaker_end end_of_status(const struct chase *c)
{
	int status = c->answer.status;

	if (status == 429)
		return BREAKER_END_BUSY;
	if (status >= 500 && status != 501) /* 501 is about the method */
		return BREAKER_END_STATUS;
	return is_challenge(c) ? BREAKER_END_UNSURE : BREAKER_END_GOOD;
}

/* And what it says that none came. */
static enum breaker_end end_of_silence(const struct chase *c)
{
	const char *outcome = c->answer.outcome;
	int64_t now = clock_mono_ms();

	if (outcome[0] == '\0' || strcmp(outcome, "stopped") == 0 ||
	    strcmp(outcome, "cancelled") == 0 || strcmp(outcome, "private") == 0)
		return BREAKER_END_UNSURE;
	if (c->deadline_ms > 0 && now >= c->deadline_ms &&
	    c->answer.took_ms < BREAKER_FAIR_MS)
		return BREAKER_END_UNSURE;
	return BREAKER_END_FAILED;
}

static int on_head(void *arg, struct transport_answer *a, struct err *e)
{
	struct chase *c = arg;

	c->headed = true;
	if (end_of_status(c) == BREAKER_END_GOOD)
		breaker_good(&c->pass);
	return is_success(c) && c->head != NULL ? c->head(c->arg, a, e) : 0;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct chase *c = arg;
	size_t room = c->refusal.limit - c->refusal.n;

	metrics_add(c->received, (int64_t)n);
	if (is_success(c))
		return c->data != NULL ? c->data(c->arg, p, n, e) : 0;
	buf_add(&c->refusal, p, n < room ? n : room);
	return n < room ? 0 : 1;
}

static void note(const struct chase *c, const char *kind, int64_t began_ms)
{
	char shown[URL_SHOWN_MAX];
	const char *url = shown, *status = c->answer.outcome;

	meter_request(c->u->host, kind, c->answer.outcome);
	if (!c->way.foreign && c->account != NULL)
		ledger_note(c->account, &c->answer, strncmp(kind, "manifest_", 9) == 0,
			    began_ms);
	if (!log_wants(LOG_DEBUG))
		return;
	url_show(buf_str(&c->way.url), shown);
	log_event(LOG_DEBUG, "upstream.request", LS("upstream", c->u->host),
		  LS("kind", kind), LS("method", c->method), LS("url", url),
		  LS("status", status), LU("took_ms", c->answer.took_ms),
		  LU("body_bytes", c->answer.body_bytes));
}

/* Where the registry is: of interest to later hops, and to the token service's first. */
static void learn_place(struct chase *c)
{
	bool private = !c->answer.proxied && c->answer.peer_private;

	if (c->registry && c->way.hops == 0 && c->answer.status != 0)
		atomic_store(&c->u->place, private ? REMOTE_PRIVATE : REMOTE_PUBLIC);
}

/* Pushes do without. */
static int enter(struct chase *c, struct err *e)
{
	enum breaker_part part = c->way.foreign ? BREAKER_CDN : BREAKER_REGISTRY;

	c->headed = false;
	c->pass = (struct breaker_pass){ .told = true };
	return c->push ? 0
		       : breaker_enter(c->u, part, c->repository, c->deadline_ms,
				       &c->pass, e);
}

static void leave(struct chase *c, const struct err *e)
{
	enum breaker_end end = c->headed ? end_of_status(c) : end_of_silence(c);
	bool elsewhere = c->way.foreign || strcmp(c->kind, "token") == 0;
	char cause[BREAKER_CAUSE_MAX], what[BREAKER_CAUSE_MAX];
	enum toomany kind;

	if (end == BREAKER_END_BUSY) {
		kind = toomany_of(c);
		meter_toomany(c->u->host, toomany_word(kind));
		if (kind != TOOMANY_ABUSE)
			end = BREAKER_END_GOOD;
	}
	if (c->headed)
		snprintf(what, sizeof(what), "answered %d", c->answer.status);
	else
		snprintf(what, sizeof(what), "%.150s", e->msg);
	snprintf(cause, sizeof(cause), "%.60s%s%.90s", elsewhere ? c->way.at.host : "",
		 elsewhere ? ": " : "", what);
	breaker_leave(&c->pass, end, cause, toomany_after_s(c));
}

static int one_hop(struct chase *c, struct err *e)
{
	const char *kind = c->way.foreign ? "cdn" : c->kind;
	struct transport_request req = {
		.method = c->method,
		.url = buf_str(&c->way.url),
		.at = c->way.at,
		.form = c->form,
		.body = c->body,
		.ca = buf_view(&c->u->ca),
		.limits = c->u->limits,
		.deadline_ms = c->deadline_ms,
		.direct = c->u->direct && !c->way.foreign,
		.public_only = !(c->registry && c->way.hops == 0) &&
			       atomic_load(&c->u->place) == REMOTE_PUBLIC,
		.buffer_bytes = c->buffer_bytes,
		.head = on_head,
		.data = on_data,
		.arg = c,
	};
	struct err mine = { 0 };
	int64_t began_ms;
	size_t n = 0, i;
	int rc;

	e = e != NULL ? e : &mine;
	if (enter(c, e) != 0)
		return -1;
	if (c->answer_ms > 0)
		req.limits.header_ms = c->answer_ms;
	for (i = 0; i < ARRAY_LEN(c->header) && c->header[i] != NULL; i++)
		req.header[n++] = c->header[i];
	if (c->authorization != NULL && !c->way.foreign)
		req.header[n++] = c->authorization;
	c->received = meter_received(c->u->host, kind);
	buf_clear(&c->refusal);
	began_ms = clock_mono_ms();
	rc = transport_run(&req, &c->answer, e);
	learn_place(c);
	note(c, kind, began_ms);
	leave(c, e);
	return rc;
}

static int step(struct chase *c, struct err *e)
{
	if (c->form != NULL)
		return err_set(e, ERR_UPSTREAM,
			       "redirect of a request with a secret in it");
	if (redirect_follow(&c->way, transport_header(&c->answer, "Location", 0), e) != 0)
		return -1;
	if (c->stay && c->way.foreign)
		return err_set(e, ERR_INVALID,
			       "a push is not taken to another place: use that one's "
			       "address, if it is right");
	return 0;
}

/* The hop that failed is part of the message, unless it is what the caller asked for. */
static int add_hop(const struct chase *c, struct err *e)
{
	char shown[URL_SHOWN_MAX];

	if (c->way.hops == 0)
		return -1;
	url_show(buf_str(&c->way.url), shown);
	return err_add(e, "redirected to %.150s", shown);
}

static void reset(struct chase *c)
{
	transport_answer_done(&c->answer);
	redirect_done(&c->way);
	buf_done(&c->refusal);
}

int chase_run(struct chase *c, struct err *e)
{
	reset(c);
	buf_init(&c->refusal, CHASE_REFUSAL_BYTES);
	if (redirect_init(&c->way, c->url, e) != 0)
		return -1;
	for (;;) {
		if (one_hop(c, e) != 0)
			return add_hop(c, e);
		if (!redirect_is(c->answer.status))
			return 0;
		if (step(c, e) != 0)
			return add_hop(c, e);
	}
}

void chase_done(struct chase *c)
{
	reset(c);
	if (c->proof.p != NULL)
		explicit_bzero(c->proof.p, c->proof.n);
	buf_done(&c->proof);
}
