/*
 * scrub.c - a run: blobs, then names, then what to do about what was found.
 */
#include "store/scrub_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/quarantine.h"

#define STEP 32 /* small things between two calls of pace() */
#define ALIGN 4096
#define WANTED_BYTES (32u << 20)
#define MAX_ROUNDS 4
#define OWN_BYTES (8u << 20)
#define RIGHT_BYTES (1u << 20)

const char *scrub_kind_word(enum scrub_kind k)
{
	static const char *const words[SCRUB_KINDS] = {
		"corrupt",  "empty", "unreadable", "missing",  "manifest", "link",
		"dangling", "tag",   "note",	   "referrer", "stray",
	};

	return words[k];
}

const char *scrub_done_word(enum scrub_done d)
{
	static const char *const words[] = { "left", "mended", "repaired", "quarantined",
					     "told" };

	return words[d];
}

int scrub_pace(struct scrub *r, uint64_t bytes, struct err *e)
{
	if (r->ask->pace == NULL || r->ask->pace(r->ask->arg, bytes))
		return 0;
	return err_set(e, ERR_CANCELLED, "the scrub was stopped");
}

int scrub_step(struct scrub *r, struct err *e)
{
	return ++r->steps % STEP == 0 ? scrub_pace(r, 0, e) : 0;
}

enum scrub_done scrub_mended(const struct scrub *r, bool did)
{
	return r->ask->look ? SCRUB_TOLD : did ? SCRUB_MENDED : SCRUB_LEFT;
}

static void log_finding(const struct scrub_finding *f)
{
	char text[DIGEST_TEXT_MAX] = "";

	if (f->has_digest)
		digest_text(&f->digest, text);
	log_event(f->kind == SCRUB_NOTE || f->kind == SCRUB_STRAY ? LOG_INFO : LOG_WARN,
		  "scrub.found", LS("kind", scrub_kind_word(f->kind)),
		  LS("path", f->path), LS("digest", text), LS("why", f->why),
		  LS("done", scrub_done_word(f->done)), LU("images", f->images),
		  LS("image", f->nimages > 0 ? f->image[0] : ""));
}

void scrub_give(struct scrub *r, struct scrub_finding *f)
{
	struct scrubbed *out = r->out;

	out->findings++;
	out->found[f->kind]++;
	out->mended += f->done == SCRUB_MENDED;
	out->repaired += f->done == SCRUB_REPAIRED;
	out->quarantined += f->done == SCRUB_QUARANTINED;
	if (f->harms && (f->done == SCRUB_LEFT || f->done == SCRUB_TOLD)) {
		out->harmed++;
		out->curable += f->nsources > 0;
	}
	log_finding(f);
	if (r->ask->found != NULL)
		r->ask->found(r->ask->arg, f);
}

void scrub_tell(struct scrub *r, enum scrub_kind kind, enum scrub_done done, bool harms,
		const char *path, const char *why)
{
	struct scrub_finding *f = mem_alloc(sizeof(*f));

	f->kind = kind;
	f->done = done;
	f->harms = harms;
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(f->why, sizeof(f->why), "%s", why);
	scrub_give(r, f);
	free(f);
}

/* --- a run --- */

static int take_turn(struct store *s, int *fd, struct err *e)
{
	*fd = openat(s->dirfd, LAYOUT_SCRUB, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0)
		return err_errno(e, "cannot open %s", LAYOUT_SCRUB);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	mem_closep(fd);
	return err_set(e, ERR_BUSY, "this store is being scrubbed just now");
}

static void begin(struct scrub *r)
{
	scrub_state_read(r->s, &r->state);
	if (!r->ask->names_only && (!r->ask->go_on || r->state.began_ms == 0)) {
		r->state.began_ms = clock_wall_ms();
		r->state.at = 0;
		r->state.blobs = r->state.bytes = 0;
	}
	r->until_ms = r->ask->slice_ms > 0 ? clock_mono_ms() + r->ask->slice_ms
					   : INT64_MAX;
	r->own = marks_new(OWN_BYTES);
	r->right = marks_new(RIGHT_BYTES);
	if (r->ask->want != NULL) {
		r->wanted = marks_new(WANTED_BYTES);
		marks_begin(r->wanted, 0, MARKS_RANGE_END);
		r->state.at = 0;
	}
	if (posix_memalign((void **)&r->chunk, ALIGN, SCRUB_CHUNK_BYTES) != 0)
		abort();
}

static void end(struct scrub *r)
{
	scrub_wounds_free(r);
	marks_free(r->own);
	marks_free(r->right);
	marks_free(r->wanted);
	free(r->chunk);
}

/* The pass has seen everything: the next one begins anew. */
static void finish(struct scrub *r)
{
	r->out->complete = true;
	if (r->ask->names_only)
		return;
	r->state.ended_ms = clock_wall_ms();
	r->state.began_ms = 0;
	r->state.at = 0;
}

/* A manifest that is back may name what nobody seemed to need. */
static int look_at_names(struct scrub *r, bool full, struct err *e)
{
	bool again = true;
	int round;

	r->checks = full;
	for (round = 0; round < MAX_ROUNDS && again; round++) {
		r->out->repositories = r->out->manifests = 0;
		if (scrub_names(r, e) != 0 || scrub_wounds_first(r, &again, e) != 0)
			return -1;
		r->checks = false;
	}
	if (full && r->wanted == NULL &&
	    (scrub_notes_types(r, e) != 0 || scrub_notes_histories(r, e) != 0 ||
	     scrub_strays(r, e) != 0))
		return -1;
	return scrub_wounds_settle(r, e);
}

static int run(struct scrub *r, struct err *e)
{
	bool full;
	int rc = 0;

	/* Once a pass. */
	if (!r->ask->names_only && r->state.at == 0 && scrub_quarantine(r, e) != 0)
		return -1;
	if (scrub_wounds_load(r, e) != 0)
		return -1;
	if (r->wanted != NULL && scrub_names_want(r, e) != 0)
		return -1;
	if (!r->ask->names_only)
		rc = scrub_blobs(r, e);
	scrub_state_write(r);
	if (rc < 0)
		return -1;
	/* Part of a pass: only for what was found in it. */
	if (rc == 1 && r->fresh == 0)
		return 0;
	full = rc == 0 && !r->ask->names_only;
	if (look_at_names(r, full, e) != 0)
		return -1;
	if (rc == 0)
		finish(r);
	if (full)
		r->state.lasting = r->out->harmed - r->harm_out;
	r->state.harmed = r->harm_out + r->state.lasting;
	r->state.curable = r->out->curable;
	scrub_state_write(r);
	return 0;
}

int scrub_run(const struct scrub_ask *ask, struct scrubbed *out, struct err *e)
{
	struct scrub r = { .ask = ask, .out = out, .s = ask->store };
	CLEANUP(mem_closep)
	int turn = -1;
	int rc;

	*out = (struct scrubbed){ 0 };
	if (!ask->look && take_turn(ask->store, &turn, e) != 0)
		return -1;
	begin(&r);
	rc = run(&r, e);
	if (rc == 0 && !ask->look)
		quarantine_expire(ask->store, QUARANTINE_KEEP_MS);
	end(&r);
	return rc;
}
