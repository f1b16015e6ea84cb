/*
 * import.c - bringing content, then names.
 *
 * Content that nothing names yet would be forgotten content to a collection: it is
 * touched now and then until its image has its place.
 */
#include "carry/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "carry/import_impl.h"
#include "store/bring.h"
#include "store/facts.h"
#include "store/history.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/room.h"

#define PIECE_BYTES (256u << 10)
#define TOUCH_MS 20000

const char *import_result_word(enum import_result r)
{
	static const char *const words[] = { "none", "new", "moved", "current",
					     "failed" };

	return words[r];
}

static struct import_blob *find(const struct import *x, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	return map_get(x->wanted, text);
}

/* --- content --- */

static void touch_all(struct import *x)
{
	size_t i, k;

	if (clock_mono_ms() - x->touched_ms < TOUCH_MS)
		return;
	for (i = 0; i < x->job->n; i++)
		for (k = 0; k < x->job->image[i].nblobs; k++)
			keep_blob(x->job->store, &x->job->image[i].blob[k].digest);
	x->touched_ms = clock_mono_ms();
}

static int look(struct import *x, struct err *e)
{
	const struct bundle_watch *watch = x->job->watch;

	touch_all(x);
	if (watch == NULL || watch->step(watch->arg, x->job->done_bytes, x->job->bytes))
		return 0;
	return err_set(e, ERR_CANCELLED, "interrupted");
}

static int copy(struct import *x, struct bring *b, bundle_read read, void *from,
		struct err *e)
{
	size_t n;

	do {
		if (look(x, e) != 0 || read(from, x->piece, PIECE_BYTES, &n, e) != 0 ||
		    bring_add(b, x->piece, n, e) != 0)
			return -1;
		x->job->done_bytes += n;
	} while (n > 0);
	return bring_end(b, e);
}

/* Bytes that are wrong are this blob's fault alone; any other failure would be the next
 * one's, too. */
static int take(void *arg, const struct digest *d, uint64_t size, bundle_read read,
		void *from, struct err *e)
{
	struct import *x = arg;
	struct import_blob *blob = find(x, d);
	struct bring b;
	int rc;

	rc = bring_open(&b, x->job->store, d, size, &blob->why);
	if (rc == 0) {
		rc = copy(x, &b, read, from, &blob->why);
		bring_close(&b);
	}
	blob->is_here = rc == 0;
	if (rc == 0 || blob->why.kind == ERR_CORRUPT)
		return 0;
	*e = blob->why;
	return -1;
}

static int check_room(const struct import *x, struct err *e)
{
	char needed[HUMAN_MAX], there[HUMAN_MAX];
	struct facts f;

	if (facts_read(x->job->store, &f, NULL) != 0 || f.disk_size == 0 ||
	    f.disk_free >= x->job->bytes)
		return 0; /* or writing will tell */
	human_bytes(x->job->bytes, needed);
	human_bytes(f.disk_free, there);
	return err_set(e, ERR_NO_SPACE,
		       "the store lacks %s of it, and its disk has %s free; make room, "
		       "or import fewer images",
		       needed, there);
}

/* --- names --- */

static int check_content(const struct import *x, const struct import_image *image,
			 struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	size_t i;

	for (i = 0; i < image->nblobs; i++) {
		const struct import_blob *b = find(x, &image->blob[i].digest);

		if (b != NULL && !b->is_here) {
			*e = b->why;
			return -1;
		}
		if (keep_blob(x->job->store, &image->blob[i].digest))
			continue;
		digest_text(&image->blob[i].digest, text);
		return err_set(e, ERR_NOT_FOUND,
			       "%.24s was removed from the store meanwhile; import again",
			       text);
	}
	return 0;
}

/* A list says of each image what it is. It counts where that could be: some manifests do
 * not say it themselves. Another store has it from an upstream. */
static bool is_believed(const struct bundle_image *from, const struct manifest *parsed)
{
	const char *type = from->media_type;

	if (from->is_placed)
		return type[0] != '\0';
	if (parsed->kind == MANIFEST_INDEX)
		return strcmp(type, MEDIATYPE_OCI_INDEX) == 0 ||
		       strcmp(type, MEDIATYPE_DOCKER_LIST) == 0;
	return strcmp(type, MEDIATYPE_OCI_MANIFEST) == 0 ||
	       strcmp(type, MEDIATYPE_DOCKER_MANIFEST) == 0;
}

static int put_manifest(struct import *x, const struct import_image *image, size_t i,
			struct err *e)
{
	bool is_root = i + 1 == image->nmanifests;
	const char *tags[] = { image->tag };
	size_t ntags = is_root && image->tag[0] != '\0';
	const char *type = image->from->media_type;
	struct stored *m, *typed = NULL;
	struct manifest parsed;
	int rc;

	if (import_plan_manifest(x, &image->manifest[i], &m, e) != 0)
		return -1;
	rc = manifest_parse((struct view){ m->body, m->n }, &parsed, e);
	if (rc == 0) {
		if (is_root && is_believed(image->from, &parsed) &&
		    strcmp(type, m->media_type) != 0)
			typed = stored_new(&m->digest, type,
					   (struct view){ m->body, m->n });
		rc = publish_put(x->publishing, &image->repo, typed != NULL ? typed : m,
				 &parsed, tags, ntags, HISTORY_IMPORT, e);
		manifest_done(&parsed);
	}
	stored_unref(typed);
	stored_unref(m);
	return rc;
}

static int publish(struct import *x, const struct import_image *image, struct err *e)
{
	size_t i;

	if (check_content(x, image, e) != 0)
		return -1;
	for (i = 0; i < image->nblobs; i++)
		if (link_add(x->job->store, LINK_LAYER, &image->repo,
			     &image->blob[i].digest, true, e) != 0)
			return -1;
	for (i = 0; i < image->nmanifests; i++)
		if (put_manifest(x, image, i, e) != 0)
			return -1;
	return 0;
}

enum import_result import_expect(const struct import_image *image)
{
	bool same = image->had && digest_equal(&image->before, &image->digest);

	if (image->had && !same)
		return IMPORT_MOVED;
	if (image->is_complete && (same || image->tag[0] == '\0'))
		return IMPORT_CURRENT;
	return IMPORT_NEW;
}

static void finish(struct import *x, struct import_image *image)
{
	if (image->result == IMPORT_FAILED)
		return;
	image->result = publish(x, image, &image->why) == 0 ? import_expect(image)
							    : IMPORT_FAILED;
}

/* Why what has not come has not. */
static void give_reason(struct import *x, const struct err *why)
{
	size_t i;

	for (i = 0; i < x->nwant; i++) {
		struct import_blob *b = find(x, &x->want[i]);

		if (!b->is_here && b->why.kind == ERR_NOT_FOUND)
			b->why = *why;
	}
}

int import_run(struct import *x, struct err *e)
{
	struct import_job *job = x->job;
	struct import_keeper *keeper = NULL;
	struct err why = { 0 };
	size_t i;
	int rc;

	if (room_limit(job->store) > 0)
		keeper = import_keep(job);
	rc = check_room(x, &why);
	if (rc == 0)
		rc = bundle_fetch(job->from, x->want, x->nwant, take, x, &why);
	if (rc != 0)
		give_reason(x, &why);
	/* What is about an image comes before it. */
	for (i = job->n; i-- > 0;)
		if (job->image[i].is_about)
			finish(x, &job->image[i]);
	for (i = 0; i < job->n; i++)
		if (!job->image[i].is_about)
			finish(x, &job->image[i]);
	import_keep_end(keeper);
	if (rc != 0 && e != NULL)
		*e = why;
	return rc;
}
