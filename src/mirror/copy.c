/*
 * copy.c - the parts of an image on their way to a registry: ask, send what is missing,
 * name it.
 *
 * What the copier knows of a blob is FREE (a repository has it, or none is known to) or
 * BUSY (somebody is bringing it there). c->mu guards that; whoever needs a BUSY blob
 * waits until it is FREE, and then mounts it.
 */
#include "mirror/copy.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "mirror/crew.h"
#include "mirror/parts.h"
#include "store/blob.h"
#include "upstream/push.h"
#include "upstream/retry.h"

#define SMALL_MS 60000 /* for a request without a large body, retries included */
#define READ_BYTES (256u << 10)

struct known {
	bool busy;
	bool has;
	struct reponame repo; /* with has */
};

struct copier {
	struct upstream *to;
	pthread_mutex_t mu; /* guards known and what is in it */
	pthread_cond_t moved;
	struct map *known; /* by digest */
};

/* One copy under way. */
struct copy {
	struct copier *c;
	const struct copy_job *job;
	struct parts parts;
	struct copy_progress *progress; /* never NULL here */
	size_t *part, nparts;		/* places in parts.blob that are wanted */
};

struct copier *copier_new(struct upstream *to)
{
	struct copier *c = mem_alloc(sizeof(*c));

	c->to = upstream_ref(to);
	pthread_mutex_init(&c->mu, NULL);
	pthread_cond_init(&c->moved, NULL);
	c->known = map_new(COPIER_MAX_KNOWN);
	return c;
}

void copier_free(struct copier *c)
{
	if (c == NULL)
		return;
	map_free(c->known, free);
	pthread_cond_destroy(&c->moved);
	pthread_mutex_destroy(&c->mu);
	upstream_unref(c->to);
	free(c);
}

/* The blob is mine until released. *from: a repository that has it, if one is known to.
 * NULL: too many are known; nothing is claimed then. */
static struct known *claim(struct copier *c, const char *text, bool *has,
			   struct reponame *from)
{
	struct known *k;

	*has = false;
	pthread_mutex_lock(&c->mu);
	while ((k = map_get(c->known, text)) != NULL && k->busy)
		pthread_cond_wait(&c->moved, &c->mu);
	if (k == NULL) {
		k = mem_alloc(sizeof(*k));
		if (map_put(c->known, text, k) != 0)
			free(TAKE(k));
	}
	if (k != NULL) {
		k->busy = true;
		*has = k->has;
		*from = k->repo;
	}
	pthread_mutex_unlock(&c->mu);
	return k;
}

/* The repository has it, as a manifest there shows: others may mount it. */
static void note_present(struct copier *c, const struct digest *d,
			 const struct reponame *repo)
{
	char text[DIGEST_TEXT_MAX];
	struct known *k;

	digest_text(d, text);
	pthread_mutex_lock(&c->mu);
	k = map_get(c->known, text);
	if (k == NULL) {
		k = mem_alloc(sizeof(*k));
		*k = (struct known){ .has = true, .repo = *repo };
		if (map_put(c->known, text, k) != 0)
			free(k);
	}
	pthread_mutex_unlock(&c->mu);
}

static void release(struct copier *c, struct known *k, const struct reponame *has)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&c->mu);
	k->busy = false;
	if (has != NULL) {
		k->has = true;
		k->repo = *has;
	}
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->mu);
}

/* --- asking --- */

/* Is this manifest there? Who may not look may still be allowed to write: then it counts
 * as missing, and the push will tell. */
static int ask_manifest(const struct copy *w, const struct reference *ref,
			const struct digest *want, bool *same, struct err *e)
{
	int64_t deadline = clock_mono_ms() + SMALL_MS;
	struct retry again = RETRY_INIT(deadline);
	struct upstream_manifest m;

	*same = false;
	for (;;) {
		if (push_head_manifest(w->c->to, w->job->name, ref, deadline, &m, e) ==
		    0) {
			*same = m.has_digest && digest_equal(&m.digest, want);
			return 0;
		}
		if (e->kind == ERR_NOT_FOUND || e->kind == ERR_DENIED)
			return 0;
		if (!retry_again(&again, e))
			return -1;
	}
}

static int ask_part(void *arg, size_t i, struct err *e)
{
	struct copy *w = arg;
	struct parts_manifest *m = &w->parts.manifest[i];
	struct reference ref = { .is_digest = true, .digest = m->m->digest };

	return ask_manifest(w, &ref, &m->m->digest, &m->present, e);
}

static void count(struct copy *w, const struct parts_blob *b, bool had, bool mounted)
{
	atomic_fetch_add(&w->progress->blobs_done, 1);
	atomic_fetch_add(&w->progress->bytes_done, b->size);
	atomic_fetch_add(&w->progress->present, had ? 1 : 0);
	atomic_fetch_add(&w->progress->mounted, mounted ? 1 : 0);
}

/* Blobs of manifests that are not there, each once. */
static void choose_blobs(struct copy *w)
{
	struct parts *p = &w->parts;
	size_t i, j;

	w->part = mem_alloc((p->nblobs + 1) * sizeof(*w->part));
	for (i = 0; i < p->nmanifests; i++)
		for (j = 0; j < p->manifest[i].nblobs && !p->manifest[i].present; j++)
			p->blob[p->manifest[i].blob[j]].wanted = true;
	for (i = 0; i < p->nblobs; i++) {
		atomic_fetch_add(&w->progress->blobs, 1);
		atomic_fetch_add(&w->progress->bytes, p->blob[i].size);
		if (p->blob[i].wanted) {
			w->part[w->nparts++] = i;
			continue;
		}
		note_present(w->c, &p->blob[i].digest, w->job->name);
		count(w, &p->blob[i], true, false);
	}
}

/* --- sending --- */

/* The registry has computed another digest: is it the store's copy? */
static int check_copy(const struct copy *w, const struct parts_blob *b, int fd,
		      struct err *e)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(b->digest.alg);
	CLEANUP(mem_freep)
	char *piece = mem_alloc(READ_BYTES);
	char text[DIGEST_TEXT_MAX];
	struct digest got;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, piece, READ_BYTES, at)) > 0) {
		hash_add(h, piece, (size_t)n);
		at += n;
	}
	digest_text(&b->digest, text);
	if (n < 0)
		return err_errno(e, "reading blob %.24s", text);
	digest_final(b->digest.alg, h, &got);
	if (digest_equal(&got, &b->digest))
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "the store's own copy of blob %.80s is corrupt: its bytes do not "
		       "match its digest. Remove it, and pull the image again",
		       text);
}

/* 0: there, by *how. */
static int bring(struct copy *w, const struct parts_blob *b, const struct reponame *from,
		 bool *had, bool *mounted, struct err *e)
{
	struct push_blob push = { .name = w->job->name,
				  .from = from,
				  .digest = &b->digest,
				  .size = b->size,
				  .sent = &w->progress->sent };
	CLEANUP(mem_closep)
	int fd = -1;
	uint64_t size;

	if (push_has_blob(w->c->to, w->job->name, &b->digest, clock_mono_ms() + SMALL_MS,
			  had, e) != 0)
		return -1;
	if (*had)
		return 0;
	fd = blob_open(w->job->store, &b->digest, &size, e);
	if (fd < 0)
		return -1;
	push.fd = fd;
	push.size = size;
	if (push_blob(w->c->to, &push, mounted, e) == 0)
		return 0;
	return e->kind == ERR_CORRUPT && check_copy(w, b, fd, e) != 0 ? -2 : -1;
}

static int blob_part(void *arg, size_t i, struct err *e)
{
	struct copy *w = arg;
	const struct parts_blob *b = &w->parts.blob[w->part[i]];
	struct retry again = RETRY_INIT(INT64_MAX);
	char text[DIGEST_TEXT_MAX];
	bool known, had = false, mounted = false;
	struct reponame from;
	struct known *k;
	int rc = 0;

	digest_text(&b->digest, text);
	k = claim(w->c, text, &known, &from);
	if (known && strcmp(from.s, w->job->name->s) == 0)
		had = true;
	while (!had) {
		rc = bring(w, b, known ? &from : NULL, &had, &mounted, e);
		if (rc == 0 || rc == -2 || !retry_again(&again, e))
			break;
	}
	release(w->c, k, rc == 0 ? w->job->name : NULL);
	if (rc != 0)
		return -1;
	count(w, b, had, mounted);
	return 0;
}

static int put(struct copy *w, const struct parts_manifest *m, const char *tag,
	       struct err *e)
{
	int64_t deadline = clock_mono_ms() + SMALL_MS;
	struct retry again = RETRY_INIT(deadline);
	struct reference ref = { .is_digest = tag == NULL, .digest = m->m->digest };
	struct push_manifest push = { w->job->name,
				      &ref,
				      &m->m->digest,
				      m->parsed.media_type,
				      { m->m->body, m->m->n } };

	if (tag != NULL && reference_parse(view_of(tag), &ref, e) != 0)
		return -1;
	while (push_manifest(w->c->to, &push, deadline, e) != 0)
		if (!retry_again(&again, e))
			return -1;
	atomic_fetch_add(&w->progress->manifests, 1);
	return 0;
}

static int put_all(struct copy *w, struct err *e)
{
	struct parts *p = &w->parts;
	size_t i;

	for (i = 0; i + 1 < p->nmanifests; i++)
		if (!p->manifest[i].present && put(w, &p->manifest[i], NULL, e) != 0)
			return -1;
	/* The root is there already if only its tag is missing. */
	if (p->manifest[i].present && w->job->tag == NULL)
		return 0;
	return put(w, &p->manifest[i], w->job->tag, e);
}

/* A root that is there with all that it names is asked for first: often nothing is to be
 * done. */
static int carry_out(struct copy *w, bool *current, struct err *e)
{
	struct parts_manifest *root = &w->parts.manifest[w->parts.nmanifests - 1];
	struct reference ref = { .is_digest = true, .digest = root->m->digest };
	bool same;

	if (w->job->tag != NULL && reference_parse(view_of(w->job->tag), &ref, e) != 0)
		return -1;
	if (ask_manifest(w, &ref, &root->m->digest, &same, e) != 0)
		return -1;
	*current = same;
	if (same)
		return 0;
	if (crew_run(COPY_BLOBS_AT_ONCE, w->parts.nmanifests, ask_part, w, e) != 0)
		return -1;
	choose_blobs(w);
	if (crew_run(COPY_BLOBS_AT_ONCE, w->nparts, blob_part, w, e) != 0)
		return -1;
	return put_all(w, e);
}

int copy_image(struct copier *c, const struct copy_job *job, struct digest *pushed,
	       bool *current, struct err *e)
{
	struct copy_progress unseen = { 0 };
	struct copy w = { .c = c, .job = job, .progress = job->progress };
	char text[DIGEST_TEXT_MAX];
	bool was_there = false;
	struct err mine;
	int rc;

	e = e != NULL ? e : &mine;
	if (w.progress == NULL)
		w.progress = &unseen;
	rc = parts_make(job->store, job->from, job->digest, job->platform, &w.parts, e);
	if (rc != 0) {
		digest_text(job->digest, text);
		return err_add(e, "%s@%.24s", job->from->s, text);
	}
	rc = carry_out(&w, &was_there, e);
	if (rc == 0) {
		*current = was_there;
		if (pushed != NULL)
			*pushed = w.parts.manifest[w.parts.nmanifests - 1].m->digest;
	}
	parts_done(&w.parts);
	free(w.part);
	return rc;
}
