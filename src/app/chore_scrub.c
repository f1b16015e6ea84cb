/*
 * chore_scrub.c - when to scrub, at which rate, and when to try again what an upstream
 * did not give.
 *
 * How far it is stands in the store, so that a restart goes on. The times of the last try
 * and how many were in vain are this process's: a restart tries at once.
 */
#include "app/chore_scrub.h"

#include "app/chores.h"
#include "base/clock.h"
#include "base/log.h"
#include "mirror/repair.h"

#define SLICE_MS 30000
#define NEXT_SLICE_MS 1000
#define BUSY_MS 60000
#define RETRY_MS (10 * 60 * 1000) /* doubles, ... */
#define RETRY_MOST_MS (6 * 60 * 60 * 1000)

struct job {
	struct chores *c;
	int64_t began_ms; /* monotonic */
	uint64_t bytes;
};

/* So long that what has been read is no more than the rate allows. */
static bool pace(void *arg, uint64_t bytes)
{
	struct job *j = arg;
	int64_t due_ms;

	j->bytes += bytes;
	due_ms = j->began_ms +
		 (int64_t)(j->bytes / (uint64_t)j->c->conf.scrub_rate * 1000 +
			   j->bytes % (uint64_t)j->c->conf.scrub_rate * 1000 /
				   (uint64_t)j->c->conf.scrub_rate);
	if (due_ms > clock_mono_ms())
		return chores_rest(j->c, due_ms - clock_mono_ms());
	return chores_breathe(j->c);
}

/* Of a pass, in all its pieces; of a piece, only what is worth saying. */
static void say(const struct chores *c, const struct scrubbed *out, bool names_only,
		int64_t began_ms, int64_t took_ms)
{
	struct scrub_state st;

	scrub_state_read(c->store, &st);
	if (names_only || !out->complete) {
		if (out->findings > 0)
			log_event(LOG_INFO, names_only ? "scrub.again" : "scrub.part",
				  LU("findings", out->findings),
				  LU("mended", out->mended),
				  LU("repaired", out->repaired), LU("harmed", st.harmed),
				  LU("took_ms", took_ms));
		return;
	}
	log_event(st.harmed > 0 ? LOG_WARN : LOG_INFO, "scrub.done",
		  LU("blobs", st.pass.blobs), LU("bytes", st.pass.bytes),
		  LU("repositories", st.pass.repositories),
		  LU("manifests", st.pass.manifests), LU("links", st.pass.links),
		  LU("findings", st.pass.findings), LU("mended", st.pass.mended),
		  LU("repaired", st.pass.repaired), LU("harmed", st.harmed),
		  LU("curable", st.curable), LU("took_ms", st.ended_ms - began_ms));
}

static int64_t retry_ms(const struct chores *c)
{
	unsigned tries = c->scrub_tries;
	int64_t ms = (int64_t)RETRY_MS << (tries < 6 ? tries : 6);

	return ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS;
}

/* When next: another piece, another try, or the next pass. */
static int64_t next_ms(const struct chores *c, const struct scrub_state *st)
{
	int64_t left_ms = st->ended_ms + c->conf.scrub_ms - clock_wall_ms(), again_ms;

	if (st->began_ms != 0)
		return NEXT_SLICE_MS;
	if (left_ms > c->conf.scrub_ms)
		left_ms = c->conf.scrub_ms; /* the clock was set back */
	if (st->harmed > st->lasting) {
		again_ms = c->scrub_tried_ms + retry_ms(c) - clock_mono_ms();
		left_ms = again_ms < left_ms ? again_ms : left_ms;
	}
	return left_ms > 0 ? left_ms : 1;
}

/* What is due: a piece of a pass, or only another try. False: nothing. */
static bool choose(const struct chores *c, const struct scrub_state *st, bool *names_only)
{
	int64_t age_ms = clock_wall_ms() - st->ended_ms;

	*names_only = false;
	if (st->began_ms != 0 || st->ended_ms == 0 || age_ms >= c->conf.scrub_ms ||
	    age_ms < 0)
		return true;
	*names_only = st->harmed > st->lasting &&
		      (c->scrub_tries == 0 ||
		       clock_mono_ms() >= c->scrub_tried_ms + retry_ms(c));
	return *names_only;
}

/* began_ms: of the pass, by the wall clock; 0: it begins. */
static void run(struct chores *c, struct plan *plan, bool names_only, int64_t began_ms)
{
	struct job j = { .c = c, .began_ms = clock_mono_ms() };
	struct repair_ask ask = { .store = c->store,
				  .mirror = c->mirror,
				  .plan = plan,
				  .go_on = true,
				  .names_only = names_only,
				  .slice_ms = SLICE_MS,
				  .pace = pace,
				  .arg = &j };
	struct scrubbed out;
	struct err e;

	if (repair_run(&ask, &out, &e) == 0) {
		if (out.harmed > 0)
			c->scrub_tries++;
		else if (out.complete)
			c->scrub_tries = 0;
		c->scrub_tried_ms = clock_mono_ms();
		say(c, &out, names_only,
		    began_ms > 0 ? began_ms
				 : clock_wall_ms() - (clock_mono_ms() - j.began_ms),
		    clock_mono_ms() - j.began_ms);
		return;
	}
	c->again_ms = BUSY_MS;
	if (e.kind != ERR_BUSY && e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "scrub.failed", LS("error", e.msg));
}

void chore_scrub(struct chores *c)
{
	struct scrub_state st;
	struct plan *plan;
	bool names_only;

	scrub_state_read(c->store, &st);
	if (choose(c, &st, &names_only)) {
		plan = mirror_plan(c->mirror);
		run(c, plan, names_only, st.began_ms);
		plan_unref(plan);
		scrub_state_read(c->store, &st);
	}
	if (c->again_ms == 0)
		c->again_ms = next_ms(c, &st);
}
