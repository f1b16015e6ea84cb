/*
 * quota.c - from headers to struct upstream; its fields are guarded by the gate.
 *
 * An answer without these headers changes nothing: an image may be exempt, and the quota
 * of all others is as it was.
 */
#include "upstream/quota.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "codec/ratelimit.h"
#include "upstream/gate.h"
#include "upstream/meter.h"
#include "upstream/remote.h"

#define CHECK_HOST "docker.io"
#define CHECK_NAME "ratelimitpreview/test"
#define CHECK_TAG "latest"

/* Shown to people and in JSON: anything but visible ASCII makes it worthless. */
static void copy_source(struct view v, char out[64])
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] > '~')
			return;
	if (v.n < 64)
		memcpy(out, v.p, v.n);
}

/* The window is said with both numbers; the limit's counts. */
static bool read_headers(const struct transport_answer *a, struct upstream_quota *q)
{
	struct ratelimit limit = { -1, 0 }, left = { -1, 0 };

	ratelimit_parse(transport_header(a, "ratelimit-limit", 0), &limit);
	ratelimit_parse(transport_header(a, "ratelimit-remaining", 0), &left);
	if (limit.count < 0 && left.count < 0)
		return false;
	*q = (struct upstream_quota){
		.known = true,
		.limit = limit.count,
		.remaining = left.count,
		.window_s = limit.window_s > 0 ? limit.window_s : left.window_s,
		.seen_wall_ms = clock_wall_ms(),
	};
	copy_source(transport_header(a, "docker-ratelimit-source", 0), q->source);
	return true;
}

void quota_note(struct upstream *u, const struct transport_answer *a)
{
	struct upstream_quota q;

	if (!read_headers(a, &q))
		return;
	gate_lock();
	u->quota = q;
	u->quota_notes++;
	gate_unlock();
	meter_quota(u->host, q.limit, q.remaining);
}

void quota_use(struct upstream *u, const char *cred_id)
{
	gate_lock();
	if (strcmp(u->quota_cred, cred_id) != 0) {
		u->quota = (struct upstream_quota){ 0 };
		snprintf(u->quota_cred, sizeof(u->quota_cred), "%s", cred_id);
	}
	gate_unlock();
}

bool upstream_quota(struct upstream *u, struct upstream_quota *out)
{
	gate_lock();
	*out = u->quota;
	gate_unlock();
	return out->known;
}

static unsigned notes(struct upstream *u)
{
	unsigned n;

	gate_lock();
	n = u->quota_notes;
	gate_unlock();
	return n;
}

int upstream_check_quota(struct upstream *u, int64_t deadline_ms,
			 struct upstream_quota *out, struct err *e)
{
	struct upstream_quota now = { 0 };
	struct upstream_manifest ignored;
	struct reference ref;
	struct reponame name;
	unsigned before = notes(u);
	int rc;

	if (strcmp(u->host, CHECK_HOST) != 0)
		return err_set(e, ERR_NOT_FOUND, "%s: has no way to ask for a pull quota",
			       u->host);
	if (reponame_parse(view_of(CHECK_NAME), &name, e) != 0 ||
	    reference_parse(view_of(CHECK_TAG), &ref, e) != 0)
		return -1;
	rc = upstream_head_manifest(u, &name, &ref, deadline_ms, &ignored, e);
	/* A refusal that says what is left has answered the question too. */
	if (notes(u) != before)
		upstream_quota(u, &now);
	if (rc != 0 && !now.known)
		return -1;
	*out = now;
	return 0;
}
