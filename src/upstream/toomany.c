/*
 * toomany.c - by the request, the headers and the code; texts only for locked logins.
 */
#include "upstream/toomany.h"

#include <string.h>

#include "base/clock.h"
#include "codec/httpdate.h"
#include "codec/ratelimit.h"
#include "upstream/gate.h"
#include "upstream/quota.h"
#include "upstream/refusal.h"
#include "upstream/remote.h"

#define SAID_JUST_NOW_MS 60000
#define PLENTY 100 /* of fewer, others may have spent all meanwhile */

bool toomany_is_lock(const struct chase *c)
{
	if (c->way.foreign || (c->authorization == NULL && c->form == NULL) ||
	    (strcmp(c->kind, "token") != 0 && strcmp(c->kind, "ping") != 0))
		return false;
	return strcasestr(buf_str(&c->refusal), "failed login") != NULL;
}

static bool speaks_of_quotas(struct upstream *u)
{
	struct upstream_quota q;

	return upstream_quota(u, &q) || strcmp(upstream_host(u), "docker.io") == 0;
}

/* A registry that has just said that most of the limit is left means something else. */
static bool has_plenty(const struct chase *c)
{
	const struct upstream_quota *q;
	int64_t age_ms;
	bool plenty = false;

	if (c->account == NULL)
		return false;
	gate_lock();
	q = &c->account->ledger.q;
	age_ms = clock_wall_ms() - q->seen_wall_ms;
	if (q->known && age_ms >= 0 && age_ms < SAID_JUST_NOW_MS)
		plenty = q->limit >= PLENTY && q->remaining > q->limit / 2;
	gate_unlock();
	return plenty;
}

static bool is_quota(const struct chase *c)
{
	char said[REFUSAL_SAID_MAX], code[REFUSAL_CODE_MAX];
	struct ratelimit left = { -1, 0 };

	if (c->way.foreign || strcmp(c->kind, "manifest_get") != 0)
		return false;
	ratelimit_parse(transport_header(&c->answer, "ratelimit-remaining", 0), &left);
	if (left.count >= 0)
		return left.count == 0;
	return refusal_says(c, said, code) && strcmp(code, "TOOMANYREQUESTS") == 0 &&
	       speaks_of_quotas(c->u) && !has_plenty(c);
}

enum toomany toomany_of(const struct chase *c)
{
	if (toomany_is_lock(c))
		return TOOMANY_LOGIN;
	return is_quota(c) ? TOOMANY_QUOTA : TOOMANY_ABUSE;
}

int toomany_after_s(const struct chase *c)
{
	struct view v = transport_header(&c->answer, "Retry-After", 0);
	int after_s;

	if (v.n == 0 || !httpdate_retry_after(v, clock_wall_ms() / 1000, &after_s))
		return -1;
	return after_s;
}

const char *toomany_word(enum toomany kind)
{
	static const char *const words[] = { "quota", "abuse", "login" };

	return words[kind];
}
