/*
 * suspect.c - hashing what is doubted: small blobs at once, others as a task.
 */
#include "mirror/suspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/mirror_impl.h"
#include "store/blob.h"
#include "store/quarantine.h"

#define CHUNK_BYTES (256u << 10)
#define LANE "the store" /* no upstream has such a name */

/* -1: it cannot be read. */
static int read_file(const struct digest *d, int fd, char *chunk, size_t n, bool *right,
		     struct err *e)
{
	struct hash *h = hash_new(d->alg);
	struct digest real;
	uint64_t off = 0;
	ssize_t got = 0;

	do {
		errno = fault("blob.read");
		got = errno != 0 ? -1 : pread(fd, chunk, n, (off_t)off);
		if (got > 0) {
			hash_add(h, chunk, (size_t)got);
			off += (uint64_t)got;
		}
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		err_errno(e, "cannot read a stored blob");
	digest_final(d->alg, h, &real);
	hash_free(h);
	*right = got == 0 && digest_equal(&real, d);
	return got < 0 ? -1 : 0;
}

/* 1: wrong, and out of the way. 0: right. -1: *e. A disk or a cable may have a bad
 * moment: only what is wrong twice is. */
static int hash_file(struct store *s, const struct digest *d, int fd, char *chunk,
		     size_t n, struct err *e)
{
	bool right = false;
	int rc = 0, i;

	for (i = 0; i < 2 && !right; i++)
		rc = read_file(d, fd, chunk, n, &right, e);
	if (right)
		return 0;
	if (rc < 0 && !quarantine_is_due(e))
		return -1;
	return quarantine_put(s, d, fd, e) < 0 ? -1 : 1;
}

static void run_hash(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct store *s = w->m->store;
	CLEANUP(mem_closep)
	int fd = -1;
	CLEANUP(mem_freep)
	char *chunk = mem_alloc(CHUNK_BYTES);
	uint64_t size;
	int rc;

	(void)t;
	fd = blob_open(s, &w->digest, &size, &out->err);
	if (fd < 0)
		return; /* gone meanwhile; who waits looks again */
	rc = hash_file(s, &w->digest, fd, chunk, CHUNK_BYTES, &out->err);
	if (rc == 0)
		sizes_proved(w->m->fetch.sizes, &w->digest, size);
	out->rc = rc < 0 ? -1 : 0;
}

static struct task *join(struct mirror *m, const struct route *r, const struct digest *d,
			 struct visit *v, struct err *e)
{
	struct work *w = visit_work(m, r, v);
	char text[DIGEST_TEXT_MAX];
	visit_key key;

	w->digest = *d;
	digest_text(d, text);
	snprintf(key, sizeof(key), "h %s", text);
	return visit_join_here(v, LANE, key, run_hash, w, e);
}

/* All who ask for it meanwhile wait for the same. */
static enum answer hash_it(struct mirror *m, const struct route *r,
			   const struct digest *d, struct visit *v, bool *again,
			   struct err *e)
{
	const struct task_result *result;
	enum answer answer;

	if (join(m, r, d, v, e) == NULL)
		return ANSWER_FAILED;
	answer = visit_look(v, &result, e);
	*again = answer == ANSWER_READY;
	return answer;
}

enum answer suspect_check(struct mirror *m, const struct route *r, const struct digest *d,
			  int fd, uint64_t size, struct visit *v, bool *again,
			  struct err *e)
{
	char chunk[SUSPECT_HASH_BYTES];
	int rc;

	*again = false;
	if (fd >= 0 && size <= sizeof(chunk)) {
		rc = hash_file(m->store, d, fd, chunk, sizeof(chunk), e);
		*again = rc > 0;
		return rc < 0 ? ANSWER_FAILED : ANSWER_READY;
	}
	if (sizes_get(m->fetch.sizes, d, size) == size)
		return ANSWER_READY;
	return hash_it(m, r, d, v, again, e);
}

/* Clients cannot have it hashed again and again. */
static bool is_due(struct mirror *m)
{
	int64_t now_ms = clock_mono_ms(), last_ms = atomic_load(&m->cut_ms);

	return (last_ms == 0 || now_ms - last_ms >= SUSPECT_PAUSE_MS) &&
	       atomic_compare_exchange_strong(&m->cut_ms, &last_ms, now_ms);
}

void suspect_cut(struct mirror *m, const struct route *r, const struct digest *d)
{
	struct visit v = { .since_ms = clock_mono_ms(), .who = VISIT_BACKGROUND };
	bool due = is_due(m);
	char text[DIGEST_TEXT_MAX];
	struct err e;

	digest_text(d, text);
	log_event(
		LOG_ERROR, "blob.unreadable", LS("digest", text),
		LS("repository", r->name.s),
		LS("what", due ? "reading it failed while it was sent, so the answer was "
				 "cut; it is hashed now"
			       : "reading it failed while it was sent, so the answer was "
				 "cut; larder scrub says whether the file is damaged"));
	if (due && join(m, r, d, &v, &e) == NULL)
		log_event(LOG_ERROR, "blob.not_hashed", LS("digest", text),
			  LS("error", e.msg));
	visit_done(&v);
}
