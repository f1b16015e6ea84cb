/*
 * plain.c - exchange.h for paths outside /v2/. No state.
 */
#include "upstream/plain.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/exchange.h"
#include "upstream/pages.h"
#include "upstream/refusal.h"

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct plain *out = arg;

	if (buf_add(&out->body, p, n) != 0)
		return err_set(e, ERR_LIMIT, "answered with more than %u bytes",
			       PLAIN_MAX_BYTES);
	return 0;
}

static int take_next(struct plain *out, struct err *e)
{
	struct view link = pages_next_link(&out->head);

	out->next[0] = '\0';
	if (link.n == 0)
		return 0;
	if (link.p[0] != '/' || link.n >= sizeof(out->next))
		return err_set(e, ERR_UPSTREAM, "the next page is not on the same host");
	memcpy(out->next, link.p, link.n);
	out->next[link.n] = '\0';
	return 0;
}

void plain_done(struct plain *p)
{
	buf_done(&p->body);
	transport_answer_done(&p->head);
}

static int ask(struct upstream *u, const char *method, const char *path,
	       int64_t deadline_ms, struct plain *out, struct err *e)
{
	static const struct reponame none; /* a token for no repository */
	struct plain got = { .body = BUF_INIT(PLAIN_MAX_BYTES) };
	struct chase c = { .kind = "plain",
			   .method = method,
			   .deadline_ms = deadline_ms,
			   .data = on_data,
			   .arg = &got };
	int rc = exchange_run(u, &c, &none, path, e);

	if (rc == 0 && c.answer.status != 200)
		rc = refusal_of(&c, false, e);
	if (rc == 0) {
		got.head = c.answer;
		transport_answer_init(&c.answer);
		rc = take_next(&got, e);
	}
	chase_done(&c);
	if (rc == 0) {
		*out = got;
		return 0;
	}
	plain_done(&got);
	return err_add(e, "%s %s%.200s", method, u->url, path);
}

int plain_get(struct upstream *u, const char *path, int64_t deadline_ms,
	      struct plain *out, struct err *e)
{
	return ask(u, "GET", path, deadline_ms, out, e);
}

int plain_post(struct upstream *u, const char *path, int64_t deadline_ms,
	       struct plain *out, struct err *e)
{
	return ask(u, "POST", path, deadline_ms, out, e);
}
