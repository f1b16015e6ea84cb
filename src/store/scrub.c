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
	r->known += f->known;
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

bool scrub_over(const struct scrub *r)
{
	return clock_mono_ms() >= r->until_ms;
}

static void begin_pass(struct scrub *r)
{
	r->state.began_ms = clock_wall_ms();
	r->state.stage = SCRUB_AT_BLOBS;
	r->state.at = 0;
	r->state.pass = (struct scrub_pass){ 0 };
	r->walk = (struct scrub_walk){ 0 };
}

/* What the state says counts for who goes on in a pass, or asks only what became of what
 * the last one found. */
static void begin(struct scrub *r)
{
	const struct scrub_ask *ask = r->ask;
	struct scrub_state was;
	bool goes_on;

	scrub_wounds_begin(r);
	scrub_state_read(r->s, &was);
	goes_on = ask->want == NULL && was.began_ms != 0 &&
		  (ask->go_on || ask->names_only);
	r->names_only = ask->names_only && !goes_on;
	scrub_state_take(r, goes_on || r->names_only);
	if (r->names_only)
		r->walk = (struct scrub_walk){ 0 };
	else if (!goes_on)
		begin_pass(r);
	r->before = r->state.pass;
	r->until_ms = ask->slice_ms > 0 && !r->names_only
			      ? clock_mono_ms() + ask->slice_ms
			      : INT64_MAX;
	r->written_ms = clock_mono_ms();
	r->written_wounds = r->nwounds;
	r->own = marks_new(OWN_BYTES);
	r->right = marks_new(RIGHT_BYTES);
	if (ask->want != NULL) {
		r->wanted = marks_new(WANTED_BYTES);
		marks_begin(r->wanted, 0, MARKS_RANGE_END);
	}
	if (posix_memalign((void **)&r->chunk, ALIGN, SCRUB_CHUNK_BYTES) != 0)
		abort();
}

static void end(struct scrub *r)
{
	scrub_wounds_free(r);
	buf_done(&r->noted);
	marks_free(r->own);
	marks_free(r->right);
	marks_free(r->wanted);
	free(r->chunk);
}

static void move(struct scrub *r, enum scrub_stage to)
{
	r->state.stage = to;
	r->walk = (struct scrub_walk){ 0 };
	scrub_state_write(r);
}

/* --- its stages: 0: through; 1: the slice is over; -1 --- */

static int blobs(struct scrub *r, struct err *e)
{
	int rc = scrub_blobs(r, e);

	if (rc < 0)
		scrub_state_write(r);
	else if (rc == 0)
		move(r, SCRUB_AT_NAMES);
	else if (r->fresh > 0) /* not to be left until the last blob has been read */
		move(r, SCRUB_AT_HARM);
	else
		scrub_state_write(r);
	return rc;
}

/* A manifest that is back may name what nobody seemed to need, and what turns out to be
 * missing may be named by who was asked before. */
static int ask_all(struct scrub *r, struct err *e)
{
	bool again;
	int rc;

	r->checks = false;
	if (r->nwounds == 0 && !r->names_only)
		return 0;
	for (;;) {
		if (r->walk.last.s[0] == '\0')
			scrub_wounds_forget_images(r);
		rc = scrub_names(r, e);
		if (rc != 0)
			return rc;
		if (scrub_wounds_first(r, &again, e) != 0)
			return -1;
		if ((!again && !r->walk.grew) || r->walk.round + 1 >= MAX_ROUNDS)
			return scrub_wounds_settle(r, e);
		r->walk = (struct scrub_walk){ .round = r->walk.round + 1 };
		scrub_state_note(r);
	}
}

static int harm(struct scrub *r, struct err *e)
{
	int rc = ask_all(r, e);

	if (rc != 0)
		return rc;
	r->state.harmed = r->harm_out + r->state.lasting;
	r->state.curable = r->curable_out + r->state.lasting_curable;
	if (r->names_only)
		return 0;
	move(r, SCRUB_AT_BLOBS);
	return 1; /* the next run has none of these wounds */
}

static int names(struct scrub *r, struct err *e)
{
	int rc;

	r->checks = true;
	rc = scrub_names(r, e);
	if (rc == 0)
		move(r, SCRUB_AT_NOTES);
	return rc;
}

static int notes(struct scrub *r, struct err *e)
{
	if (r->wanted == NULL &&
	    (scrub_notes_types(r, e) != 0 || scrub_notes_histories(r, e) != 0))
		return -1;
	move(r, SCRUB_AT_STRAYS);
	return scrub_over(r);
}

static int strays(struct scrub *r, struct err *e)
{
	if (r->wanted == NULL && scrub_strays(r, e) != 0)
		return -1;
	move(r, SCRUB_AT_END);
	return scrub_over(r);
}

/* The pass has seen everything: the next one begins anew. */
static int finish(struct scrub *r, struct err *e)
{
	struct scrub_state *st = &r->state;
	int rc = ask_all(r, e);

	if (rc != 0)
		return rc;
	scrub_state_write(r); /* for its sums */
	st->lasting = st->pass.lasting;
	st->lasting_curable = st->pass.lasting_curable;
	st->harmed = r->harm_out + st->lasting;
	st->curable = r->curable_out + st->lasting_curable;
	st->ended_ms = clock_wall_ms();
	st->began_ms = 0;
	st->at = 0;
	move(r, SCRUB_AT_BLOBS);
	r->out->complete = true;
	return 1;
}

static int (*const stage[SCRUB_STAGES])(struct scrub *r, struct err *e) = {
	[SCRUB_AT_BLOBS] = blobs, [SCRUB_AT_HARM] = harm,     [SCRUB_AT_NAMES] = names,
	[SCRUB_AT_NOTES] = notes, [SCRUB_AT_STRAYS] = strays, [SCRUB_AT_END] = finish,
};

static int run(struct scrub *r, struct err *e)
{
	int rc = 0;

	/* Once a pass. */
	if (!r->names_only && r->state.stage == SCRUB_AT_BLOBS && r->state.at == 0 &&
	    scrub_quarantine(r, e) != 0)
		return -1;
	if (scrub_wounds_load(r, e) != 0)
		return -1;
	if (r->wanted != NULL && scrub_names_want(r, e) != 0)
		return -1;
	if (r->names_only) {
		rc = harm(r, e);
		r->out->complete = rc == 0;
		if (rc == 0)
			scrub_state_write(r);
		return rc;
	}
	while (rc == 0)
		rc = stage[r->state.stage](r, e);
	if (rc < 0)
		scrub_state_keep(r);
	return rc < 0 ? -1 : 0;
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
