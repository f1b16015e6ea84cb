/*
 * collect.c - marking, then sweeping, range by range; tidying on the way.
 *
 * Reads top to bottom: one repository, all of them, the sweep, the ranges. What is asked
 * of the disk at the wrong moment can only keep too much: a manifest that comes while
 * marking goes on has its blobs kept by keep.h, and one that goes is seen the next time.
 */
#include "store/collect.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/history_tidy.h"
#include "store/keep.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/marks.h"
#include "store/mstore.h"
#include "store/room.h"
#include "store/quarantine.h"
#include "store/tidy.h"
#include "store/walk.h"

#define OWN_MARK_BYTES (8u << 20) /* for what one repository's manifests name */
#define BATCH 64		  /* blobs taken out under one hold of the lock */
#define STEP 64			  /* small things between two breaths */
#define FULL 2			  /* of a walk: there is no room for more marks */

struct run {
	const struct collect_ask *ask;
	struct collected *out;
	struct store *s;
	int64_t began_ms; /* by the file system's clock */
	int64_t since_ms; /* what was kept later than that stays */
	struct marks *all;
	unsigned steps;
	/* the present repository */
	const struct reponame *name;
	struct marks *own; /* what its manifests name */
	bool all_stays;	   /* not everything of it could be read */
	bool local;
	/* the present batch */
	struct digest batch[BATCH];
	size_t nbatch;
};

static int breathe(struct run *r, struct err *e)
{
	if (r->ask->breathe != NULL && !r->ask->breathe(r->ask->arg))
		return err_set(e, ERR_CANCELLED, "the collection was stopped");
	return 0;
}

static void stuck(struct run *r, const struct err *why)
{
	if (r->out->stuck++ == 0)
		r->out->why = *why;
}

static int step(struct run *r, struct err *e)
{
	return ++r->steps % STEP == 0 ? breathe(r, e) : 0;
}

static bool is_asked(const struct run *r, const struct digest *d)
{
	return r->ask->among == NULL || marks_has(r->ask->among, d);
}

static int mark(struct run *r, const struct digest *d)
{
	return !is_asked(r, d) || marks_add(r->all, d) ? 0 : FULL;
}

/* What cannot be read may name anything that its repository has. */
static void cannot_read(struct run *r, const struct digest *d, const struct err *why)
{
	char text[DIGEST_TEXT_MAX];

	r->all_stays = true;
	r->out->unreadable++;
	digest_text(d, text);
	log_event(LOG_WARN, "collect.unreadable", LS("repository", r->name->s),
		  LS("manifest", text), LS("error", why->msg));
}

static int mark_children(struct run *r, const struct manifest *m)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < m->nchildren && rc == 0; i++) {
		if (is_asked(r, &m->child[i].digest) &&
		    !marks_add(r->own, &m->child[i].digest))
			r->all_stays = true;
		rc = mark(r, &m->child[i].digest);
	}
	return rc;
}

static int mark_manifest(void *arg, const struct digest *d, struct err *e)
{
	struct run *r = arg;
	struct manifest parsed;
	struct stored *m;
	struct err why;
	int rc = breathe(r, e);

	if (rc != 0)
		return rc;
	if (r->ask->is_gone != NULL && r->ask->is_gone(r->ask->arg, r->name, d))
		return 0;
	r->out->manifests++;
	rc = mark(r, d);
	if (rc != 0)
		return rc;
	if (mstore_peek(r->s, r->name, d, &m, &why) != 0) {
		/* In quarantine it waits for its right bytes, which name the same. */
		if (why.kind != ERR_NOT_FOUND || quarantine_has(r->s, d))
			cannot_read(r, d, &why);
		return 0;
	}
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, &why) == 0) {
		rc = mark_children(r, &parsed);
		manifest_done(&parsed);
	} else {
		cannot_read(r, d, &why);
	}
	stored_unref(m);
	return rc;
}

/* A link to what no manifest of the repository names. */
static int look_at_link(void *arg, const struct digest *d, struct err *e)
{
	struct run *r = arg;
	struct err why;
	int64_t age_ms;
	int rc = step(r, e);

	if (rc != 0 || !is_asked(r, d) || (!r->all_stays && marks_has(r->own, d)) ||
	    !link_exists(r->s, LINK_LAYER, r->name, d))
		return rc;
	age_ms = r->began_ms - link_time(r->s, LINK_LAYER, r->name, d);
	if (r->all_stays || age_ms < KEEP_MS || (r->local && age_ms < r->ask->grace_ms))
		return r->local || r->all_stays ? mark(r, d) : 0;
	if (r->ask->dry_run || link_forget(r->s, LINK_LAYER, r->name, d, &why) == 0)
		r->out->links++;
	else
		stuck(r, &why);
	return 0;
}

/* As walk_links does, but most are passed over by their digests alone. */
static int look_at_links(struct run *r, const char *alg, struct err *e)
{
	layout_path path;

	layout_layers(path, r->name, alg);
	return walk_digests(r->s, path, alg, look_at_link, r, e);
}

/* Folders are many, and those of what has just gone went with it. */
static uint64_t tidy(struct run *r)
{
	return r->ask->among == NULL ? tidy_repository(r->s, r->name)
				     : tidy_notes(r->s, r->name);
}

static int mark_repository(void *arg, const struct reponame *name, struct err *e)
{
	struct run *r = arg;
	int rc;

	r->name = name;
	r->all_stays = false;
	r->local = r->ask->is_local == NULL || r->ask->is_local(r->ask->arg, name);
	marks_begin(r->own, 0, MARKS_RANGE_END);
	r->out->repositories++;
	rc = walk_links(r->s, LINK_REVISION, name, mark_manifest, r, e);
	if (rc == 0)
		rc = look_at_links(r, "sha256", e);
	if (rc == 0)
		rc = look_at_links(r, "sha512", e);
	if (rc == 0 && !r->ask->dry_run)
		r->out->links += tidy(r);
	return rc;
}

/* --- the sweep --- */

static void away_path(layout_path out, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	snprintf(out, LAYOUT_PATH_MAX, LAYOUT_TMP "/swept-%s-%s", digest_alg(d), hex);
}

static void went(struct run *r, const struct digest *d, uint64_t bytes)
{
	r->out->removed++;
	r->out->removed_bytes += bytes;
	if (r->ask->removed != NULL)
		r->ask->removed(r->ask->arg, d, bytes);
}

/* Without the lock: freeing a large file takes the disk its time. */
static void destroy(struct run *r, const struct digest *d, uint64_t bytes)
{
	layout_path path;
	struct err why;
	bool freed;

	away_path(path, d);
	freed = fs_unlink(r->s->dirfd, path, &why) == 0;
	room_sub(r->s, bytes);
	room_blob_end(r->s, d, -(int64_t)bytes);
	layout_type(path, d);
	fs_unlink(r->s->dirfd, path, NULL);
	layout_blob(path, d);
	*strrchr(path, '/') = '\0';
	fs_prune(r->s->dirfd, path, LAYOUT_BLOBS);
	if (freed)
		went(r, d, bytes);
	else
		stuck(r, &why);
}

/* With the lock: out of its place, or as it was. */
static int take_out(struct run *r, const struct digest *d, uint64_t *bytes, struct err *e)
{
	layout_path to;
	int rc;

	away_path(to, d);
	room_blob_begin(r->s, d);
	rc = keep_take_out(r->s, d, r->since_ms, to, bytes, e);
	if (rc <= 0)
		room_blob_end(r->s, d, 0);
	return rc;
}

static int sweep_batch(struct run *r, struct err *e)
{
	uint64_t bytes[BATCH];
	bool out[BATCH] = { false };
	size_t i, n = r->nbatch;
	int fd, rc = 0;

	r->nbatch = 0;
	if (n == 0)
		return 0;
	if (keep_lock(r->s, &fd, e) != 0)
		return -1;
	for (i = 0; i < n && rc >= 0; i++) {
		rc = take_out(r, &r->batch[i], &bytes[i], e);
		out[i] = rc > 0;
	}
	keep_unlock(&fd);
	for (i = 0; i < n; i++)
		if (out[i])
			destroy(r, &r->batch[i], bytes[i]);
	return rc < 0 ? -1 : breathe(r, e);
}

static int look_at_blob(void *arg, const struct digest *d, struct err *e)
{
	struct run *r = arg;
	uint64_t bytes;
	int rc;

	if (!marks_covers(r->all, d) || !is_asked(r, d))
		return 0;
	r->out->blobs++;
	rc = step(r, e);
	if (rc != 0 || marks_has(r->all, d))
		return rc;
	if (!keep_is_old(r->s, d, r->since_ms, &bytes)) {
		r->out->young_bytes += bytes;
		return 0;
	}
	if (r->ask->dry_run) {
		went(r, d, bytes);
		return 0;
	}
	r->batch[r->nbatch++] = *d;
	return r->nbatch == BATCH ? sweep_batch(r, e) : 0;
}

/* --- all of it --- */

/* Marks of the range from `from` on, which ends where the room does. */
static int mark_range(struct run *r, uint32_t from, uint32_t *to, struct err *e)
{
	uint32_t size = MARKS_RANGE_END - from;
	struct collected before = *r->out;
	int rc;

	for (;;) {
		marks_begin(r->all, from, from + size);
		rc = walk_repositories(r->s, mark_repository, r, e);
		*to = from + size;
		if (rc != FULL)
			return rc;
		if (size == 1)
			return err_set(e, ERR_LIMIT, "more digests than memory for them");
		size /= 2;
		before.links = r->out->links;
		*r->out = before;
	}
}

static int all_ranges(struct run *r, struct err *e)
{
	uint32_t from, to;
	int rc = keep_now(r->s, &r->began_ms, e);

	r->since_ms = r->began_ms - (r->ask->keep_ms > 0 ? r->ask->keep_ms : KEEP_MS);
	for (from = 0; rc == 0 && from < MARKS_RANGE_END; from = to) {
		if (from > 0) /* each range looks at all repositories */
			r->out->repositories = r->out->manifests = r->out->unreadable = 0;
		rc = mark_range(r, from, &to, e);
		if (rc == 0)
			rc = walk_blobs(r->s, from, to, look_at_blob, r, e);
		if (rc == 0)
			rc = sweep_batch(r, e);
		r->out->passes++;
	}
	return rc;
}

static int take_turn(struct store *s, int *fd, struct err *e)
{
	*fd = openat(s->dirfd, LAYOUT_COLLECT, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0)
		return err_errno(e, "cannot open %s", LAYOUT_COLLECT);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	mem_closep(fd);
	return err_set(e, ERR_BUSY, "another collection of this store is running");
}

int collect_run(const struct collect_ask *ask, struct collected *out, struct err *e)
{
	struct run r = { .ask = ask, .out = out, .s = ask->store };
	CLEANUP(mem_closep)
	int turn = -1;
	int rc;

	*out = (struct collected){ 0 };
	if (take_turn(ask->store, &turn, e) != 0)
		return -1;
	r.all = marks_new(ask->mark_bytes > 0 ? ask->mark_bytes : COLLECT_MARK_BYTES);
	r.own = marks_new(OWN_MARK_BYTES);
	rc = all_ranges(&r, e);
	marks_free(r.all);
	marks_free(r.own);
	if (rc == 0 && !ask->dry_run && ask->among == NULL)
		out->links += history_tidy(ask->store, clock_wall_ms());
	return rc;
}

void collect_say_stuck(const struct collected *out)
{
	if (out->stuck > 0)
		log_event(LOG_WARN, "collect.stuck", LU("count", out->stuck),
			  LS("error", out->why.msg));
}
