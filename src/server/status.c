/*
 * status.c - figures from the metrics, the plan and the disk. No state.
 */
#include "server/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/inventory_json.h"
#include "mirror/mirror.h"
#include "mirror/repair.h"
#include "server/auth.h"
#include "server/images.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work_json.h"
#include "store/facts.h"
#include "store/room.h"

#define STATUS_MAX_BYTES (1u << 20)

static int64_t sum(const char *family, const char *label, const char *value)
{
	int64_t n = 0;

	metrics_sum(family, label, value, NULL, NULL, &n);
	return n;
}

static int64_t outcome(const char *word)
{
	return sum("larder_http_requests_total", "outcome", word);
}

/* With 5xx: ours, or an upstream's that no copy could stand in for. */
static int64_t failures(void)
{
	static const char *const codes[] = { "500", "502", "503", "504", "507" };
	int64_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		n += sum("larder_http_requests_total", "code", codes[i]);
	return n;
}

static int add_requests(struct buf *b)
{
	int64_t hit = outcome("hit"), joined = outcome("joined"),
		stale = outcome("stale"), miss = outcome("miss");
	int64_t all = hit + joined + stale + miss;
	int rc;

	rc = buf_addf(b,
		      "\"requests\":{\"hit\":%lld,\"joined\":%lld,\"stale\":%lld,"
		      "\"miss\":%lld,\"error\":%lld,\"failed\":%lld},\"hitRate\":",
		      (long long)hit, (long long)joined, (long long)stale,
		      (long long)miss, (long long)outcome("error"),
		      (long long)failures());
	rc |= all > 0 ? buf_addf(b, "%.4f,", (double)(all - miss) / (double)all)
		      : buf_adds(b, "null,");
	return rc | buf_addf(b,
			     "\"savedBytes\":%lld,\"savedRequests\":%lld,"
			     "\"sentBytes\":%lld,\"fetchedBytes\":%lld,",
			     (long long)sum("larder_saved_bytes_total", NULL, NULL),
			     (long long)sum("larder_saved_requests_total", NULL, NULL),
			     (long long)sum("larder_http_sent_bytes_total", NULL, NULL),
			     (long long)sum("larder_upstream_received_bytes_total", NULL,
					    NULL));
}

static int add_size(struct buf *b, struct store *s)
{
	return buf_addf(b,
			"\"size\":{\"counted\":%s,\"usedBytes\":%llu,"
			"\"reservedBytes\":%llu,\"limitBytes\":%llu,"
			"\"lowBytes\":%llu,\"evictedImages\":%lld,"
			"\"evictedBytes\":%lld},",
			room_known(s) == ROOM_NOT_COUNTED ? "false" : "true",
			(unsigned long long)room_used(s),
			(unsigned long long)room_reserved(s),
			(unsigned long long)room_limit(s),
			(unsigned long long)sum("larder_store_low_bytes", NULL, NULL),
			(long long)sum("larder_evicted_images_total", NULL, NULL),
			(long long)sum("larder_evicted_bytes_total", NULL, NULL));
}

static int add_facts(struct buf *b, struct store *s, struct err *e)
{
	struct facts f;

	if (facts_read(s, &f, e) != 0)
		return -1;
	return buf_addf(
		b,
		"\"disk\":{\"freeBytes\":%llu,\"sizeBytes\":%llu},"
		"\"partials\":{\"count\":%llu,\"bytes\":%llu},"
		"\"uploads\":{\"count\":%llu,\"bytes\":%llu},",
		(unsigned long long)f.disk_free, (unsigned long long)f.disk_size,
		(unsigned long long)f.partials, (unsigned long long)f.partial_bytes,
		(unsigned long long)f.uploads, (unsigned long long)f.upload_bytes);
}

static int make(struct server *s, struct buf *b, struct err *e)
{
	int64_t up_ms = clock_mono_ms() - s->started_mono_ms;
	struct scrub_state scrub;

	buf_adds(b, "{\"version\":\"" LARDER_VERSION "\",\"started\":");
	inventory_json_time(b, clock_wall_ms() - up_ms);
	buf_addf(b, ",\"uptimeSeconds\":%lld,\"active\":%d,\"flights\":%lld,",
		 (long long)(up_ms / 1000), atomic_load(&s->active),
		 (long long)sum("larder_flights", NULL, NULL));
	add_requests(b);
	if (add_facts(b, s->store, e) != 0)
		return -1;
	add_size(b, s->store);
	scrub_state_read(s->store, &scrub);
	repair_json(b, &scrub);
	buf_adds(b, ",\"lock\":");
	if (mirror_lock(s->mirror, b) != 0)
		return err_set(e, ERR_LIMIT, "there is too much drift to list");
	buf_adds(b, ",\"upstreams\":");
	if (mirror_sites(s->mirror, b) != 0 || buf_adds(b, "}\n") != 0)
		return err_set(e, ERR_LIMIT, "there are too many upstreams to list");
	return 0;
}

enum MHD_Result status_handle(struct request *rq)
{
	enum MHD_Result refusal;

	if (!auth_passes(rq, AUTH_LIST, NULL, &refusal))
		return refusal;
	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD", "the status can only be read");
	return work_json(rq->server->works, rq, make, STATUS_MAX_BYTES);
}
