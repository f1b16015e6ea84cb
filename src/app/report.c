/*
 * report.c - the words of `larder status`. No state.
 */
#include "app/report.h"

#include <string.h>

#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "mirror/inventory_json.h"
#include "mirror/repair.h"
#include "oci/reference.h"

/* Of what another says: few enough to be added up, and counted in ms. */
#define NUMBER_MOST ((int64_t)1 << 52)

static int64_t number(const struct json *doc, const char *key)
{
	int64_t n;

	if (!json_get_int(doc, key, &n) || n < 0)
		return 0;
	return n < NUMBER_MOST ? n : NUMBER_MOST;
}

static const char *size_of(const struct json *doc, const char *key, char out[HUMAN_MAX])
{
	int64_t n = number(doc, key);

	human_bytes(n > 0 ? (uint64_t)n : 0, out);
	return out;
}

/* What another sent, as it may go to a terminal. */
static int add_word(struct buf *out, const char *s)
{
	int rc = 0;

	for (; s != NULL && *s != '\0' && rc == 0; s++)
		rc = buf_addf(out, "%c", *s < ' ' || *s > '~' ? '?' : *s);
	return rc;
}

/* --- for people --- */

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
		rc |= buf_addf(out, ", %u%% of the next pass",
			       st->at * 100 / SCRUB_PLACES);
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
	human_bytes(r->facts.partial_bytes, a);
	human_bytes(r->facts.upload_bytes, b);
	rc |= buf_addf(out, "unfinished %llu downloads (%s), %llu uploads (%s)\n",
		       (unsigned long long)r->facts.partials, a,
		       (unsigned long long)r->facts.uploads, b);
	return rc | scrub_text(out, &r->scrub);
}

/* As the upstream last said; of a window that has passed meanwhile it tells nothing. */
static int quota_text(struct buf *out, const struct json *quota)
{
	int64_t left = number(quota, "remaining"), limit = number(quota, "limit");
	int64_t window_s = number(quota, "windowSeconds");
	int64_t ago_s = number(quota, "seenSecondsAgo");
	char window[HUMAN_MAX], ago[HUMAN_MAX];
	int rc;

	if (left < 0)
		return 0;
	if (window_s > 0 && ago_s > window_s)
		return buf_adds(out, ", pulls left not known: not asked lately");
	human_span(ago_s < INT64_MAX / 1000 ? ago_s * 1000 : 0, ago);
	rc = buf_addf(out, ", %lld", (long long)left);
	if (limit >= 0)
		rc |= buf_addf(out, " of %lld", (long long)limit);
	rc |= buf_addf(out, " pulls left %s ago", ago);
	if (window_s > 0 && window_s < INT64_MAX / 1000) {
		human_span(window_s * 1000, window);
		rc |= buf_addf(out, ", of a window of %s", window);
	}
	return rc;
}

static int site_text(struct buf *out, const struct json *site, bool first)
{
	const struct json *quota = json_get(site, "quota");
	int rc = buf_adds(out, first ? "upstreams  " : "           ");

	rc |= add_word(out, json_get_str(site, "host"));
	rc |= buf_addf(out, ": %s, %lld requests",
		       json_is_true(json_get(site, "trouble")) ? "in trouble" : "well",
		       (long long)number(site, "requests"));
	if (json_is_object(quota))
		rc |= quota_text(out, quota);
	return rc | buf_adds(out, "\n");
}

static int rate_text(struct buf *out, const struct json *asked)
{
	int64_t kept = number(asked, "hit") + number(asked, "joined") +
		       number(asked, "stale");
	int64_t all = kept + number(asked, "miss");

	if (all <= 0 || kept < 0 || kept > all)
		return 0;
	return buf_addf(out, "hit rate   %.1f%%\n", 100.0 * (double)kept / (double)all);
}

static int server_text(struct buf *out, const struct report *r)
{
	const struct json *d = r->server, *asked = json_get(d, "requests");
	const struct json *sites = json_get(d, "upstreams");
	char a[HUMAN_MAX], b[HUMAN_MAX];
	size_t i;
	int rc;

	human_span(number(d, "uptimeSeconds") * 1000, a);
	rc = buf_adds(out, "server     ");
	rc |= add_word(out, r->url);
	rc |= buf_adds(out, ", version ");
	rc |= add_word(out, json_get_str(d, "version"));
	rc |= buf_addf(out, ", up %s\n", a);
	rc |= buf_addf(
		out,
		"requests   %lld hits, %lld joined, %lld stale, %lld misses, %lld "
		"errors (%lld of them 5xx)\n",
		(long long)number(asked, "hit"), (long long)number(asked, "joined"),
		(long long)number(asked, "stale"), (long long)number(asked, "miss"),
		(long long)number(asked, "error"), (long long)number(asked, "failed"));
	rc |= rate_text(out, asked);
	rc |= buf_addf(out, "saved      %s in %lld requests\n",
		       size_of(d, "savedBytes", a),
		       (long long)number(d, "savedRequests"));
	rc |= buf_addf(out, "moved      %s to clients, %s from upstreams\n",
		       size_of(d, "sentBytes", a), size_of(d, "fetchedBytes", b));
	rc |= buf_addf(out, "under way  %lld downloads, %lld requests\n",
		       (long long)number(d, "flights"), (long long)number(d, "active"));
	if (r->root == NULL) {
		const struct json *disk = json_get(d, "disk");

		rc |= buf_addf(out, "disk       %s free of %s\n",
			       size_of(disk, "freeBytes", a),
			       size_of(disk, "sizeBytes", b));
	}
	for (i = 0; i < json_len(sites); i++)
		rc |= site_text(out, json_at(sites, i), i == 0);
	return rc;
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
		rc |= add_word(out, r->why_not);
		rc |= buf_adds(out, "\n");
	}
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
	if (!r->walked)
		return rc | buf_adds(out, "\"images\":null,\"uniqueBytes\":null}");
	rc |= buf_addf(out,
		       "\"images\":%llu,\"uniqueBytes\":", (unsigned long long)r->images);
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
