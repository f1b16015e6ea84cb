/*
 * sites.c - JSON of what the upstream floor knows. No state.
 */
#include "mirror/sites.h"

#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "mirror/inventory_json.h"
#include "upstream/breaker.h"
#include "upstream/quota.h"
#include "upstream/quota_meter.h"

static int add_text(struct buf *b, const char *key, const char *value)
{
	int rc = buf_addf(b, "\"%s\":\"", key);

	rc |= buf_add_json(b, value, strlen(value));
	return rc | buf_adds(b, "\"");
}

/* -1 stays: that number was not said. */
static int add_quota(struct buf *b, struct upstream *up)
{
	struct upstream_quota q;
	int rc = buf_adds(b, ",\"quota\":");

	if (!upstream_quota(up, &q))
		return rc | buf_adds(b, "null");
	return rc | buf_addf(b,
			     "{\"limit\":%lld,\"remaining\":%lld,\"windowSeconds\":%lld,"
			     "\"seenSecondsAgo\":%lld}",
			     (long long)q.limit, (long long)q.remaining,
			     (long long)q.window_s,
			     (long long)(clock_wall_ms() - q.seen_wall_ms) / 1000);
}

static int add_account(struct buf *b, const struct upstream_quota *q)
{
	int64_t now_ms = clock_wall_ms();
	int rc = buf_adds(b, "{");

	rc |= add_text(b, "account", q->account);
	rc |= buf_adds(b, ",");
	rc |= add_text(b, "source", q->source);
	rc |= buf_addf(b, ",\"limit\":%lld,\"remaining\":%lld,\"windowSeconds\":%lld,",
		       q->known ? (long long)q->limit : -1,
		       q->known ? (long long)q->remaining : -1, (long long)q->window_s);
	rc |= q->known ? buf_addf(b, "\"seenSecondsAgo\":%lld,",
				  (long long)(now_ms - q->seen_wall_ms) / 1000)
		       : buf_adds(b, "\"seenSecondsAgo\":null,");
	rc |= buf_addf(b, "\"spent\":%lld,\"others\":%lld,\"usedUp\":%s,",
		       (long long)q->spent, (long long)q->others,
		       q->used_up ? "true" : "false");
	if (!q->used_up)
		return rc | buf_adds(b, "\"backInSeconds\":null}");
	return rc | buf_addf(b, "\"backInSeconds\":%lld}",
			     (long long)(q->back_wall_ms - now_ms + 999) / 1000);
}

static int add_accounts(struct buf *b, struct upstream *up)
{
	struct upstream_quota q[UPSTREAM_ACCOUNTS_MAX];
	size_t n = upstream_quotas(up, q, UPSTREAM_ACCOUNTS_MAX), i;
	int rc = buf_adds(b, ",\"accounts\":[");

	for (i = 0; i < n && rc == 0; i++) {
		rc |= buf_adds(b, i > 0 ? "," : "");
		rc |= add_account(b, &q[i]);
	}
	return rc | buf_adds(b, "]");
}

/* The registry's trouble before that of where it sends us for blobs. */
static enum breaker_part worst(struct upstream *up, struct breaker_view *out)
{
	breaker_look(up, BREAKER_REGISTRY, out);
	if (out->state != BREAKER_CLOSED)
		return BREAKER_REGISTRY;
	breaker_look(up, BREAKER_CDN, out);
	return BREAKER_CDN;
}

static int add_state(struct buf *b, struct upstream *up)
{
	struct breaker_view look;
	enum breaker_part part = worst(up, &look);
	int64_t wait_ms = look.until_wall_ms - clock_wall_ms();
	int rc = buf_addf(b, ",\"state\":\"%s\"", breaker_state_word(look.state));

	if (look.state == BREAKER_CLOSED)
		return rc | buf_adds(b, ",\"part\":null,\"since\":null,"
					"\"retryInSeconds\":null,\"cause\":null,"
					"\"repository\":null");
	rc |= buf_adds(b, ",");
	rc |= add_text(b, "part", breaker_part_word(part));
	rc |= buf_adds(b, ",\"since\":");
	rc |= inventory_json_time(b, look.since_wall_ms);
	rc |= buf_addf(b, ",\"retryInSeconds\":%lld,",
		       (long long)(wait_ms > 0 ? (wait_ms + 999) / 1000 : 0));
	rc |= add_text(b, "cause", look.cause);
	if (look.repository[0] == '\0')
		return rc | buf_adds(b, ",\"repository\":null");
	rc |= buf_adds(b, ",");
	return rc | add_text(b, "repository", look.repository);
}

static int add_site(struct buf *b, struct site *s)
{
	struct breaker_view look;
	int64_t requests = 0;
	int rc = buf_adds(b, "{");

	worst(s->up, &look);
	metrics_sum("larder_upstream_requests_total", "upstream", s->host, NULL, NULL,
		    &requests);
	rc |= add_text(b, "host", s->host);
	rc |= buf_adds(b, ",");
	rc |= add_text(b, "url", upstream_url(s->up));
	rc |= buf_addf(b, ",\"trouble\":%s,\"requests\":%lld",
		       atomic_load(&s->trouble) || look.state != BREAKER_CLOSED ? "true"
										: "false",
		       (long long)requests);
	rc |= add_state(b, s->up);
	rc |= add_quota(b, s->up);
	rc |= add_accounts(b, s->up);
	return rc | buf_adds(b, "}");
}

int sites_json(struct plan *p, struct buf *out)
{
	int rc = buf_adds(out, "[");
	size_t i;

	for (i = 0; i < p->nsites && rc == 0; i++) {
		rc |= buf_adds(out, i > 0 ? "," : "");
		rc |= add_site(out, &p->site[i]);
	}
	return rc | buf_adds(out, "]");
}

int sites_check(struct plan *p, int64_t deadline_ms, struct buf *out, unsigned *failed)
{
	int rc = buf_adds(out, "[");
	bool first = true;
	size_t i;

	*failed = 0;
	for (i = 0; i < p->nsites && rc == 0; i++) {
		struct upstream_quota ignored;
		struct err e = { 0 };
		bool bad = upstream_check_quota(p->site[i].up, deadline_ms, &ignored,
						&e) != 0;

		if (bad && e.kind == ERR_NOT_FOUND)
			continue; /* it has no such request */
		rc |= buf_adds(out, first ? "{" : ",{");
		first = false;
		rc |= add_text(out, "host", p->site[i].host);
		rc |= buf_adds(out, ",");
		rc |= bad ? add_text(out, "error", e.msg)
			  : buf_adds(out, "\"error\":null");
		rc |= buf_adds(out, "}");
		*failed += bad;
	}
	return rc | buf_adds(out, "]");
}

void sites_meter(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->nsites; i++)
		quota_meter_all(p->site[i].up);
}
