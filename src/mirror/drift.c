/*
 * drift.c - a table in memory: it is found out again after a start, by asking.
 *
 * d->mu guards the map, whose values are replaced and never changed, and the plan. There
 * are as many as the lock file has entries, at most.
 */
#include "mirror/drift.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/inventory_json.h"

struct drifts {
	pthread_mutex_t mu;
	struct map *by_image; /* "docker.io/library/alpine:3.19" */
	/* Whose lock counts; compared only, and the mirror has a reference. */
	const struct plan *plan;
};

static metric_cell *cell_drifted(const char *host)
{
	struct metric *m = metrics_family(
		METRIC_GAUGE, "larder_lock_drifted", "upstream",
		"Locked tags that are elsewhere, or gone, at their upstream");

	return metrics_cell(m, host, NULL, NULL, NULL);
}

static metric_cell *cell_seen(const char *host)
{
	struct metric *m = metrics_family(
		METRIC_COUNTER, "larder_lock_drift_total", "upstream",
		"Times that an upstream was seen to have moved a locked tag, each new "
		"place once");

	return metrics_cell(m, host, NULL, NULL, NULL);
}

static void count_entries(size_t n)
{
	struct metric *m = metrics_family(METRIC_GAUGE, "larder_lock_entries", "",
					  "Tags that are locked");

	metrics_set(metrics_cell(m, NULL, NULL, NULL, NULL), (int64_t)n);
}

struct drifts *drifts_new(void)
{
	struct drifts *d = mem_alloc(sizeof(*d));

	pthread_mutex_init(&d->mu, NULL);
	d->by_image = map_new(LOCKFILE_MAX_ENTRIES);
	return d;
}

void drifts_free(struct drifts *d)
{
	if (d == NULL)
		return;
	map_free(d->by_image, free);
	pthread_mutex_destroy(&d->mu);
	free(d);
}

static void key_of(char key[IMAGEREF_TEXT_MAX], const struct imageref *image)
{
	struct imageref plain = *image;

	plain.has_digest = false;
	imageref_text(&plain, key);
}

/* Drift of what is locked to something else by now does not count. */
static bool find(struct drifts *d, const char *key, const struct lockfile_entry *entry,
		 struct drift *out)
{
	const struct drift *have;
	bool found;

	pthread_mutex_lock(&d->mu);
	have = map_get(d->by_image, key);
	found = have != NULL && digest_equal(&have->image.digest, &entry->image.digest);
	if (found)
		*out = *have;
	pthread_mutex_unlock(&d->mu);
	return found;
}

bool drift_get(struct drifts *d, const struct route *r, const char *tag,
	       struct drift *out)
{
	const struct lockfile_entry *entry = route_lock(r, tag);
	char key[IMAGEREF_TEXT_MAX];

	if (entry == NULL)
		return false;
	key_of(key, &entry->image);
	return find(d, key, entry, out);
}

static bool is_bad(const struct drift *x)
{
	return x->kind != DRIFT_UNKNOWN;
}

struct tally {
	const char *host;
	int64_t n;
};

static bool add_up(void *value, void *arg)
{
	const struct drift *x = value;
	struct tally *t = arg;

	t->n += is_bad(x) && (t->host == NULL || strcmp(x->image.host, t->host) == 0);
	return false;
}

/* With d->mu. host NULL: of all. */
static int64_t count(struct drifts *d, const char *host)
{
	struct tally t = { host, 0 };

	map_sweep(d->by_image, add_up, &t);
	return t.n;
}

/* With d->mu. x NULL: it is as locked. True: something was known, which is in was. */
static bool replace(struct drifts *d, const char *key, const char *host,
		    const struct drift *x, struct drift *was)
{
	struct drift *old = map_del(d->by_image, key), *new;
	bool had = old != NULL;

	if (had)
		*was = *old;
	free(old);
	if (x != NULL) {
		new = mem_alloc(sizeof(*new));
		*new = *x;
		if (map_put(d->by_image, key, new) != 0)
			free(new);
	}
	metrics_set(cell_drifted(host), count(d, host));
	return had;
}

static bool is_new(const struct drift *x, const struct drift *was, bool had)
{
	return !had || was->kind != x->kind ||
	       !digest_equal(&was->image.digest, &x->image.digest) ||
	       (x->kind == DRIFT_MOVED && !digest_equal(&was->found, &x->found));
}

static void say(const char *key, const struct drift *x)
{
	char locked[DIGEST_TEXT_MAX], found[DIGEST_TEXT_MAX] = "";

	digest_text(&x->image.digest, locked);
	if (x->kind == DRIFT_UNKNOWN) {
		log_event(LOG_INFO, "lock.not_compared", LS("image", key),
			  LS("locked", locked),
			  LS("what", "its registry does not say digests without a pull"));
		return;
	}
	if (x->kind == DRIFT_MOVED)
		digest_text(&x->found, found);
	log_event(LOG_WARN, "lock.drift", LS("image", key), LS("locked", locked),
		  LS("upstream", x->kind == DRIFT_MOVED ? found : "no such tag"),
		  LS("what", "what it is locked to is served"));
	metrics_add(cell_seen(x->image.host), 1);
}

void drift_note(struct drifts *d, const struct route *r, const char *tag, bool gone,
		const struct digest *found)
{
	const struct lockfile_entry *entry = route_lock(r, tag);
	int64_t now_ms = clock_wall_ms();
	struct drift x = { .kind = gone ? DRIFT_GONE : DRIFT_MOVED,
			   .since_ms = now_ms,
			   .checked_wall_ms = now_ms,
			   .checked_mono_ms = clock_mono_ms() };
	char key[IMAGEREF_TEXT_MAX];
	struct drift was;
	bool had, same, counts;

	if (entry == NULL)
		return;
	x.image = entry->image;
	if (!gone && found == NULL)
		x.kind = DRIFT_UNKNOWN;
	else if (!gone)
		x.found = *found;
	same = x.kind == DRIFT_MOVED && digest_equal(&x.found, &x.image.digest);
	key_of(key, &x.image);
	had = find(d, key, entry, &was);
	if (had && !same && !is_new(&x, &was, true))
		x.since_ms = was.since_ms;
	pthread_mutex_lock(&d->mu);
	counts = r->plan == d->plan; /* else the answer came too late */
	had = counts && replace(d, key, x.image.host, same ? NULL : &x, &was);
	pthread_mutex_unlock(&d->mu);
	if (!counts)
		return;
	if (!same && is_new(&x, &was, had))
		say(key, &x);
	if (same && had && is_bad(&was))
		log_event(LOG_INFO, "lock.drift_over", LS("image", key),
			  LS("what", "its upstream's tag is as locked again"));
}

static bool is_left(void *value, void *arg)
{
	struct drift *x = value;
	const struct plan *p = arg;
	const struct lockfile_entry *entry = NULL;

	if (p->has_lock)
		entry = lockfile_find(&p->lock, x->image.host, x->image.name.s,
				      x->image.tag);
	if (entry != NULL && digest_equal(&entry->image.digest, &x->image.digest))
		return false;
	free(x);
	return true;
}

void drifts_adopt(struct drifts *d, const struct plan *p)
{
	size_t i;

	pthread_mutex_lock(&d->mu);
	d->plan = p;
	map_sweep(d->by_image, is_left, (void *)p);
	/* Shown as 0, so that an alarm can be set before there is any. */
	for (i = 0; i < p->nsites; i++) {
		metrics_set(cell_drifted(p->site[i].host), count(d, p->site[i].host));
		cell_seen(p->site[i].host);
	}
	pthread_mutex_unlock(&d->mu);
	count_entries(p->lock.n);
}

struct listing {
	struct buf *out;
	size_t n;
	int rc;
};

static int add_one(struct buf *out, const struct drift *x)
{
	char image[IMAGEREF_TEXT_MAX], locked[DIGEST_TEXT_MAX], found[DIGEST_TEXT_MAX];
	int rc;

	key_of(image, &x->image);
	digest_text(&x->image.digest, locked);
	rc = buf_addf(out, "{\"image\":\"%s\",\"locked\":\"%s\",\"upstream\":", image,
		      locked);
	if (x->kind == DRIFT_MOVED) {
		digest_text(&x->found, found);
		rc |= buf_addf(out, "\"%s\"", found);
	} else {
		rc |= buf_adds(out, "null");
	}
	rc |= buf_adds(out, ",\"since\":");
	rc |= inventory_json_time(out, x->since_ms);
	rc |= buf_adds(out, ",\"checked\":");
	rc |= inventory_json_time(out, x->checked_wall_ms);
	return rc | buf_adds(out, "}");
}

static bool list_one(void *value, void *arg)
{
	const struct drift *x = value;
	struct listing *l = arg;

	if (!is_bad(x) || l->n == DRIFT_SHOWN || l->rc != 0)
		return false;
	l->rc |= buf_adds(l->out, l->n++ > 0 ? "," : "");
	l->rc |= add_one(l->out, x);
	return false;
}

int drifts_json(struct drifts *d, const struct plan *p, struct buf *out)
{
	struct listing l = { .out = out };

	if (!p->has_lock)
		return buf_adds(out, "null");
	pthread_mutex_lock(&d->mu);
	l.rc = buf_addf(out, "{\"entries\":%zu,\"drifted\":%lld,\"drift\":[", p->lock.n,
			(long long)count(d, NULL));
	map_sweep(d->by_image, list_one, &l);
	pthread_mutex_unlock(&d->mu);
	return l.rc | buf_adds(out, "]}");
}
