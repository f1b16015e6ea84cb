/*
 * report.c - the words of `larder status`. No state.
 */
#include "app/report.h"

#include <string.h>

#include "app/report_lock.h"
#include "app/report_sites.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "mirror/inventory_json.h"
#include "mirror/repair.h"
#include "oci/reference.h"

static const char *size_of(const struct json *doc, const char *key, char out[HUMAN_MAX])
{
	int64_t n = report_sites_number(doc, key);

	human_bytes(n > 0 ? (uint64_t)n : 0, out);
	return out;
}

/* --- for people --- */

static int size_text(struct buf *out, const struct report *r)
{
	char used[HUMAN_MAX], limit[HUMAN_MAX], low[HUMAN_MAX];
	int rc = buf_adds(out, "size       ");

	human_bytes(r->used_bytes, used);
	rc |= r->counted ? buf_addf(out, "%s", used) : buf_adds(out, "not counted yet");
	if (r->limit_bytes == 0)
		return rc | buf_adds(out, ", no limit\n");
	human_bytes(r->limit_bytes, limit);
	human_bytes(r->low_bytes, low);
	rc |= buf_addf(out, "%s of at most %s", r->counted ? "" : ",", limit);
	if (r->counted)
		rc |= buf_addf(out, " (%.0f%%)",
			       100.0 * (double)r->used_bytes / (double)r->limit_bytes);
	return rc | buf_addf(out, ", going down to %s when it is near\n", low);
}

static int scrub_text(struct buf *out, const struct scrub_state *st)
{
	char ago[HUMAN_MAX];
	int rc = buf_adds(out, "scrub      ");

	if (st->ended_ms > 0) {
		human_span(clock_wall_ms() - st->ended_ms, ago);
		rc |= buf_addf(out, "all looked at %s ago", ago);
	} else {
		rc |= buf_adds(out, "never all looked at");
	}
	if (st->began_ms > 0)
		rc |= buf_addf(out, ", %.0f%% of the next pass",
			       100 * scrub_state_share(st));
	if (st->harmed > 0)
		rc |= buf_addf(out, "; %llu wrong: larder scrub names %s",
			       (unsigned long long)st->harmed,
			       st->harmed == 1 ? "it" : "them");
	return rc | buf_adds(out, "\n");
}

static int store_text(struct buf *out, const struct report *r)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	int rc;

	rc = buf_addf(out, "store      %s (%s)\n", r->root,
		      r->in_use ? "in use by a larder" : "no larder has it open");
	human_bytes(r->facts.disk_free, a);
	human_bytes(r->facts.disk_size, b);
	rc |= buf_addf(out, "disk       %s free of %s\n", a, b);
	if (r->walked) {
		human_bytes(r->unique_bytes > 0 ? (uint64_t)r->unique_bytes : 0, a);
		rc |= buf_addf(out, "images     %llu, %s\n",
			       (unsigned long long)r->images,
			       r->unique_bytes >= 0 ? a : "too many to add up");
	}
	if (r->counted || r->limit_bytes > 0)
		rc |= size_text(out, r);
	human_bytes(r->facts.partial_bytes, a);
	human_bytes(r->facts.upload_bytes, b);
	rc |= buf_adds(out, "unfinished ");
	rc |= report_sites_count(out, (int64_t)r->facts.partials, "download");
	rc |= buf_addf(out, " (%s), ", a);
	rc |= report_sites_count(out, (int64_t)r->facts.uploads, "upload");
	rc |= buf_addf(out, " (%s)\n", b);
	return rc | scrub_text(out, &r->scrub);
}

static int rate_text(struct buf *out, const struct json *asked)
{
	int64_t kept = report_sites_number(asked, "hit") +
		       report_sites_number(asked, "joined") +
		       report_sites_number(asked, "stale");
	int64_t all = kept + report_sites_number(asked, "miss");

	if (all <= 0 || kept < 0 || kept > all)
		return 0;
	return buf_addf(out, "hit rate   %.1f%%\n", 100.0 * (double)kept / (double)all);
}

static int server_text(struct buf *out, const struct report *r)
{
	const struct json *d = r->server, *asked = json_get(d, "requests");
	const struct json *size = json_get(d, "size");
	int64_t active = report_sites_number(d, "active");
	char a[HUMAN_MAX], b[HUMAN_MAX];
	int rc;

	human_span(report_sites_number(d, "uptimeSeconds") * 1000, a);
	rc = buf_adds(out, "server     ");
	rc |= report_sites_word(out, r->url);
	rc |= buf_adds(out, ", version ");
	rc |= report_sites_word(out, json_get_str(d, "version"));
	rc |= buf_addf(out, ", up %s\n", a);
	rc |= buf_addf(out,
		       "requests   %lld hits, %lld joined, %lld stale, %lld misses, %lld "
		       "errors (%lld of them 5xx)\n",
		       (long long)report_sites_number(asked, "hit"),
		       (long long)report_sites_number(asked, "joined"),
		       (long long)report_sites_number(asked, "stale"),
		       (long long)report_sites_number(asked, "miss"),
		       (long long)report_sites_number(asked, "error"),
		       (long long)report_sites_number(asked, "failed"));
	rc |= rate_text(out, asked);
	rc |= buf_addf(out, "saved      %s in ", size_of(d, "savedBytes", a));
	rc |= report_sites_count(out, report_sites_number(d, "savedRequests"), "request");
	rc |= buf_addf(out, "\nmoved      %s to clients, %s from upstreams\n",
		       size_of(d, "sentBytes", a), size_of(d, "fetchedBytes", b));
	if (report_sites_number(size, "limitBytes") > 0) {
		rc |= buf_adds(out, "evicted    ");
		rc |= report_sites_count(out, report_sites_number(size, "evictedImages"),
					 "image");
		rc |= buf_addf(out, ", %s\n", size_of(size, "evictedBytes", a));
	}
	rc |= buf_adds(out, "under way  ");
	rc |= report_sites_count(out, report_sites_number(d, "flights"), "download");
	rc |= buf_adds(out, ", ");
	rc |= report_sites_count(out, active - (active > 0),
				 "request"); /* not this one */
	rc |= buf_adds(out, "\n");
	if (r->root == NULL) {
		const struct json *disk = json_get(d, "disk");

		rc |= buf_addf(out, "disk       %s free of %s\n",
			       size_of(disk, "freeBytes", a),
			       size_of(disk, "sizeBytes", b));
	}
	rc |= report_lock_text(out, json_get(d, "lock"));
	return rc | report_sites_text(out, json_get(d, "upstreams"), true);
}

int report_text(struct buf *out, const struct report *r)
{
	int rc = 0;

	if (r->root != NULL)
		rc = store_text(out, r);
	if (r->server != NULL)
		rc |= server_text(out, r);
	else if (r->why_not != NULL) {
		rc |= buf_adds(out, "server     no answer: ");
		rc |= report_sites_word(out, r->why_not);
		rc |= buf_adds(out, "\n");
	}
	if (r->server == NULL && r->upstreams != NULL)
		rc |= report_sites_text(out, r->upstreams, false);
	return rc;
}

/* --- JSON --- */

static int text(struct buf *out, const char *key, const char *value)
{
	int rc = buf_addf(out, "\"%s\":", key);

	if (value == NULL)
		return rc | buf_adds(out, "null");
	rc |= buf_adds(out, "\"");
	rc |= buf_add_json(out, value, strlen(value));
	return rc | buf_adds(out, "\"");
}

static int store_json(struct buf *out, const struct report *r)
{
	const struct facts *f = &r->facts;
	int rc = buf_adds(out, "{");

	rc |= text(out, "root", r->root);
	rc |= buf_addf(out,
		       ",\"inUse\":%s,\"disk\":{\"freeBytes\":%llu,\"sizeBytes\":%llu},"
		       "\"partials\":{\"count\":%llu,\"bytes\":%llu},"
		       "\"uploads\":{\"count\":%llu,\"bytes\":%llu},",
		       r->in_use ? "true" : "false", (unsigned long long)f->disk_free,
		       (unsigned long long)f->disk_size, (unsigned long long)f->partials,
		       (unsigned long long)f->partial_bytes,
		       (unsigned long long)f->uploads,
		       (unsigned long long)f->upload_bytes);
	rc |= repair_json(out, &r->scrub);
	rc |= buf_adds(out, ",");
	rc |= buf_addf(out, "\"size\":{\"counted\":%s,\"usedBytes\":%llu,",
		       r->counted ? "true" : "false", (unsigned long long)r->used_bytes);
	rc |= buf_addf(out, "\"limitBytes\":%llu,\"lowBytes\":%llu},",
		       (unsigned long long)r->limit_bytes,
		       (unsigned long long)r->low_bytes);
	rc |= buf_adds(out, "\"upstreams\":");
	rc |= r->kept.n > 0 ? buf_add(out, r->kept.p, r->kept.n) : buf_adds(out, "null");
	if (!r->walked)
		return rc | buf_adds(out, ",\"images\":null,\"uniqueBytes\":null}");
	rc |= buf_addf(
		out, ",\"images\":%llu,\"uniqueBytes\":", (unsigned long long)r->images);
	return rc |
	       (r->unique_bytes >= 0 ? buf_addf(out, "%lld}", (long long)r->unique_bytes)
				     : buf_adds(out, "null}"));
}

int report_json(struct buf *out, const struct report *r)
{
	int rc = buf_adds(out, "{\"version\":\"" LARDER_VERSION "\",\"store\":");

	rc |= r->root != NULL ? store_json(out, r) : buf_adds(out, "null");
	rc |= buf_adds(out, ",\"server\":");
	if (r->url == NULL)
		return rc | buf_adds(out, "null}\n");
	rc |= buf_adds(out, "{");
	rc |= text(out, "url", r->url);
	rc |= buf_adds(out, ",");
	rc |= text(out, "error", r->why_not);
	rc |= buf_adds(out, ",\"status\":");
	rc |= r->server != NULL ? buf_add(out, r->answer.p, r->answer.n)
				: buf_adds(out, "null");
	return rc | buf_adds(out, "}}\n");
}
