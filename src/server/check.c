/*
 * check.c - one thread that asks: who comes while it does so, or shortly after, gets what
 * it was told. c->mu guards the answer, and is not held while asking.
 */
#include "server/check.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/mirror.h"
#include "server/auth.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work_json.h"

#define CHECK_MAX_BYTES (1u << 20)
#define CHECK_WORKS 256	   /* of clients that wait */
#define CHECK_ASK_MS 20000 /* clients give up after 30 s */

struct checks {
	struct works *works;
	pthread_mutex_t mu;
	struct buf last; /* guarded by mu */
	int64_t last_ms; /* monotonic; guarded by mu; 0: never */
};

struct checks *checks_new(void)
{
	struct checks *c = mem_alloc(sizeof(*c));

	c->works = works_new("check", 1, CHECK_WORKS);
	buf_init(&c->last, CHECK_MAX_BYTES);
	pthread_mutex_init(&c->mu, NULL);
	return c;
}

void checks_free(struct checks *c)
{
	if (c == NULL)
		return;
	works_stop(c->works);
	buf_done(&c->last);
	pthread_mutex_destroy(&c->mu);
	free(c);
}

static bool take_last(struct checks *c, struct buf *out)
{
	bool fresh;

	pthread_mutex_lock(&c->mu);
	fresh = c->last_ms != 0 && clock_mono_ms() < c->last_ms + CHECK_KEEP_MS &&
		buf_add(out, c->last.p, c->last.n) == 0;
	pthread_mutex_unlock(&c->mu);
	return fresh;
}

static int ask(struct server *s, struct buf *out)
{
	CLEANUP(buf_done)
	struct buf found = BUF_INIT(CHECK_MAX_BYTES);
	struct checks *c = s->checks;
	int rc = mirror_check(s->mirror, clock_mono_ms() + CHECK_ASK_MS, &found);

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&c->mu);
	buf_clear(&c->last);
	rc = buf_add(&c->last, found.p, found.n);
	c->last_ms = clock_mono_ms();
	pthread_mutex_unlock(&c->mu);
	return rc | buf_add(out, found.p, found.n);
}

static int make(struct server *s, struct buf *out, struct err *e)
{
	int rc = buf_adds(out, "{\"checks\":");

	if (rc == 0 && !take_last(s->checks, out))
		rc |= ask(s, out);
	rc |= buf_adds(out, ",\"upstreams\":");
	rc |= mirror_sites(s->mirror, out);
	if ((rc | buf_adds(out, "}\n")) != 0)
		return err_set(e, ERR_LIMIT, "there are too many upstreams to list");
	return 0;
}

enum MHD_Result check_handle(struct request *rq)
{
	enum MHD_Result refusal;

	if (!auth_passes(rq, AUTH_LIST, NULL, &refusal))
		return refusal;
	if (rq->method != METHOD_POST)
		return reply_not_allowed(rq, "POST", "a check is asked for with POST");
	return work_json(rq->server->checks->works, rq, make, CHECK_MAX_BYTES);
}
