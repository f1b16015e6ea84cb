/*
 * cmd_scrub.c - `larder scrub`: is all that a store has what its name says?
 */
#include "app/cmd_scrub.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mirror/imagepattern.h"
#include "app/options.h"
#include "settings/setting_bytes.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "mirror/repair.h"
#include "oci/pattern.h"
#include "upstream/upstream.h"

#define ROW_BYTES 16384
#define SLEEP_MS 100   /* at once, so that a signal is seen */
#define WAIT_MS 120000 /* for another's piece of a scrub */

struct scrubbing {
	const struct options *o;
	bool look, local_only, json, go_on;
	const char *rate_text;
	int64_t rate; /* bytes a second; 0: as fast as it goes */
	int64_t began_ms;
	uint64_t bytes;
	unsigned rows;
};

static atomic_int signalled;
static atomic_bool over; /* nobody need wait for signals */

/* --- what is wanted --- */

static bool want(void *arg, const char *shown, const char *tag)
{
	const struct scrubbing *p = arg;

	return imagepattern_match(p->o->operand, p->o->n_operands, shown, tag, false);
}

static int check(struct scrubbing *p, struct err *e)
{
	size_t i;

	if (p->rate_text != NULL && setting_bytes_parse(p->rate_text, &p->rate, e) != 0)
		return err_add(e, "--rate");
	for (i = 0; i < p->o->n_operands; i++)
		if (pattern_check(p->o->operand[i], e) != 0)
			return err_add(e, "pattern \"%.100s\"", p->o->operand[i]);
	if (p->go_on && p->o->n_operands > 0)
		return err_set(
			e, ERR_INVALID,
			"--continue goes on with all of the store; name no images");
	return 0;
}

static bool pace(void *arg, uint64_t bytes)
{
	struct scrubbing *p = arg;
	int64_t due_ms, left_ms;

	p->bytes += bytes;
	if (p->rate == 0)
		return atomic_load(&signalled) == 0;
	due_ms = p->began_ms + (int64_t)((double)p->bytes * 1000 / (double)p->rate);
	while (atomic_load(&signalled) == 0 && (left_ms = due_ms - clock_mono_ms()) > 0) {
		int64_t ms = left_ms < SLEEP_MS ? left_ms : SLEEP_MS;
		struct timespec ts = { .tv_nsec = ms * 1000000 };

		nanosleep(&ts, NULL);
	}
	return atomic_load(&signalled) == 0;
}

/* --- what is said --- */

static void add_text(struct buf *b, const char *key, const char *text)
{
	buf_addf(b, "\"%s\":\"", key);
	buf_add_json(b, text, strlen(text));
	buf_adds(b, "\",");
}

static void print_json(const struct scrub_finding *f)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(ROW_BYTES);
	char digest[DIGEST_TEXT_MAX] = "";
	size_t i;

	if (f->has_digest)
		digest_text(&f->digest, digest);
	buf_adds(&b, "{");
	add_text(&b, "kind", scrub_kind_word(f->kind));
	add_text(&b, "path", f->path);
	add_text(&b, "why", f->why);
	add_text(&b, "digest", digest);
	add_text(&b, "done", scrub_done_word(f->done));
	buf_addf(&b, "\"harms\":%s,\"known\":%s,\"curable\":%s,\"images\":[",
		 f->harms ? "true" : "false", f->known ? "true" : "false",
		 f->harms && f->nsources > 0 ? "true" : "false");
	for (i = 0; i < f->nimages; i++) {
		buf_adds(&b, i > 0 ? ",\"" : "\"");
		buf_add_json(&b, f->image[i], strlen(f->image[i]));
		buf_adds(&b, "\"");
	}
	buf_addf(&b, "],\"imagesCount\":%zu}\n", f->images);
	fputs(buf_str(&b), stdout);
	fflush(stdout);
}

static const char *done_text(const struct scrub_finding *f)
{
	switch (f->done) {
	case SCRUB_MENDED:
		return "mended";
	case SCRUB_REPAIRED:
		return "fetched again";
	case SCRUB_QUARANTINED:
		return "in quarantine, nobody needs it";
	case SCRUB_TOLD:
		if (f->kind == SCRUB_STRAY)
			return "stays";
		if (f->kind == SCRUB_LINK || f->kind == SCRUB_NOTE ||
		    f->kind == SCRUB_DANGLING || f->kind == SCRUB_REFERRER)
			return "larder scrub mends it";
		return f->harms && f->nsources > 0 ? "an upstream may have it" : "";
	default:
		if (!f->harms)
			return "left";
		return f->nsources > 0 ? "NOT REPAIRED; an upstream may have it"
				       : "NOT REPAIRED; nobody else has it";
	}
}

static void print_row(void *arg, const struct scrub_finding *f)
{
	struct scrubbing *p = arg;
	size_t i;

	if (p->json) {
		print_json(f);
		return;
	}
	if (p->rows++ > 0)
		putchar('\n');
	printf("%s: ", scrub_kind_word(f->kind));
	human_print(stdout, f->path);
	printf("\n  ");
	human_print(stdout, f->why);
	if (done_text(f)[0] != '\0')
		printf("\n  %s", done_text(f));
	putchar('\n');
	for (i = 0; i < f->nimages; i++) {
		printf(i == 0 ? "  harms " : ", ");
		human_print(stdout, f->image[i]);
	}
	if (f->images > f->nimages)
		printf(" and %zu more", f->images - f->nimages);
	if (f->nimages > 0)
		putchar('\n');
	fflush(stdout); /* it is not said again when the rest of the pass goes on */
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Of a pass that this run only ended. */
static void print_pass(const struct scrubbing *p, struct store *store,
		       const struct scrubbed *out)
{
	struct scrub_state st;
	char bytes[HUMAN_MAX];

	scrub_state_read(store, &st);
	if (!p->go_on || p->look || !out->complete || st.pass.blobs <= out->blobs)
		return;
	human_bytes(st.pass.bytes, bytes);
	printf("with what had been looked at before: %" PRIu64 " blob%s (%s), %" PRIu64
	       " manifest%s, %" PRIu64 " link%s\n",
	       st.pass.blobs, plural(st.pass.blobs), bytes, st.pass.manifests,
	       plural(st.pass.manifests), st.pass.links, plural(st.pass.links));
}

/* What somebody can do about it. */
static void print_advice(const struct scrubbing *p, const struct scrubbed *out)
{
	uint64_t own = out->harmed - out->curable;

	if (out->curable > 0)
		printf("%" PRIu64 " of them may be had from an upstream: %s\n",
		       out->curable,
		       p->look	       ? "larder scrub asks for it"
		       : p->local_only ? "larder scrub without --no-fetch asks for it"
				       : "try again later; a larder that serves does");
	if (own > 0 && !p->look)
		printf("%" PRIu64 " of them cannot: push the images again, put the files "
		       "back from a backup, or delete the images\n",
		       own);
}

static bool matches_none(const struct scrubbing *p, const struct scrubbed *out)
{
	return p->o->n_operands > 0 && out->repositories == 0;
}

static void print_end(const struct scrubbing *p, struct store *store,
		      const struct scrubbed *out)
{
	char bytes[HUMAN_MAX], took[HUMAN_MAX];

	if (p->json) {
		printf("{\"complete\":%s,\"blobs\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"repositories\":%" PRIu64 ",\"manifests\":%" PRIu64
		       ",\"links\":%" PRIu64 ",\"findings\":%" PRIu64
		       ",\"mended\":%" PRIu64 ",\"repaired\":%" PRIu64
		       ",\"quarantined\":%" PRIu64 ",\"harmed\":%" PRIu64
		       ",\"curable\":%" PRIu64 ",\"dryRun\":%s}\n",
		       out->complete ? "true" : "false", out->blobs, out->bytes,
		       out->repositories, out->manifests, out->links, out->findings,
		       out->mended, out->repaired, out->quarantined, out->harmed,
		       out->curable, p->look ? "true" : "false");
		return;
	}
	human_bytes(out->bytes, bytes);
	human_ms(clock_mono_ms() - p->began_ms, took);
	if (p->rows > 0)
		putchar('\n');
	printf("%" PRIu64 " blob%s (%s), %" PRIu64 " manifest%s, %" PRIu64
	       " link%s looked at in %s: ",
	       out->blobs, plural(out->blobs), bytes, out->manifests,
	       plural(out->manifests), out->links, plural(out->links), took);
	if (out->findings == 0)
		printf("%s\n", !out->complete	      ? "nothing found so far"
			       : matches_none(p, out) ? "no image matches"
						      : "all is well");
	else if (p->look)
		printf("%" PRIu64 " found, %" PRIu64 " harm%s; nothing was changed\n",
		       out->findings, out->harmed, out->harmed == 1 ? "s" : "");
	else
		printf("%" PRIu64 " found, %" PRIu64 " mended, %" PRIu64
		       " fetched again, %" PRIu64 " still harm%s\n",
		       out->findings, out->mended, out->repaired, out->harmed,
		       out->harmed == 1 ? "s" : "");
	print_pass(p, store, out);
	if (out->complete)
		print_advice(p, out);
	else if (!p->look && p->o->n_operands == 0)
		printf("larder scrub --continue goes on from there\n");
}

/* --- the command --- */

/* All threads have the signals blocked, but for this one. */
static void *wait_for_signals(void *arg)
{
	sigset_t *set = arg;
	int sig;

	while (sigwait(set, &sig) == 0 && !atomic_load(&over)) {
		if (atomic_fetch_add(&signalled, 1) > 0)
			_exit(EXIT_FAILED);
		fprintf(stderr, "larder scrub: ending\n");
		upstream_cancel_all();
	}
	return NULL;
}

static int watch_signals(pthread_t *id, sigset_t *set, struct err *e)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(id, NULL, wait_for_signals, set) == 0)
		return 0;
	return err_set(e, ERR_IO, "no thread to be had");
}

/* A larder that serves scrubs in pieces: between two of them it is our turn. */
static int run_in_turn(struct repair_ask *ask, struct scrubbed *out, struct err *e)
{
	struct timespec pause = { .tv_nsec = SLEEP_MS * 1000000 };
	int64_t until_ms = clock_mono_ms() + WAIT_MS;
	bool said = false;
	int rc;

	while ((rc = repair_run(ask, out, e)) != 0 && e->kind == ERR_BUSY &&
	       clock_mono_ms() < until_ms && atomic_load(&signalled) == 0) {
		if (!said)
			fprintf(stderr,
				"larder scrub: another larder scrubs this store just "
				"now; waiting for its turn to end\n");
		said = true;
		nanosleep(&pause, NULL);
	}
	return rc;
}

static int scrub_store(struct scrubbing *p, const struct settings *s, struct store *store,
		       struct scrubbed *out, struct err *e)
{
	struct repair_ask ask = { .store = store,
				  .look = p->look,
				  .go_on = p->go_on,
				  .want = p->o->n_operands > 0 ? want : NULL,
				  .pace = pace,
				  .found = print_row,
				  .arg = p };
	int rc;

	ask.plan = wire_store_plan(s, store, e);
	if (ask.plan == NULL)
		return -1;
	if (!p->look && !p->local_only)
		ask.mirror = mirror_new(store, plan_ref(ask.plan), s->flights);
	p->began_ms = clock_mono_ms();
	rc = run_in_turn(&ask, out, e);
	mirror_stop(ask.mirror);
	plan_unref(ask.plan);
	return rc;
}

static int scrub(struct scrubbing *p, const struct settings *s, struct err *e)
{
	struct store *store = NULL;
	struct scrubbed out = { 0 };
	pthread_t watcher;
	sigset_t set;
	int rc;

	if (check(p, e) != 0)
		return EXIT_WRONG_USE;
	if (store_look(s->root, &store, e) != 0)
		return EXIT_FAILED;
	if (!p->look)
		store_close(TAKE(store));
	if (upstream_global_init(e) != 0 || watch_signals(&watcher, &set, e) != 0) {
		store_close(store);
		return EXIT_FAILED;
	}
	rc = p->look ? 0 : store_open(s->root, &store, e);
	if (rc == 0) {
		rc = scrub_store(p, s, store, &out, e);
		if (rc == 0 || out.blobs > 0)
			print_end(p, store, &out);
	}
	store_close(store);
	atomic_store(&over, true);
	pthread_kill(watcher, SIGTERM);
	pthread_join(watcher, NULL);
	upstream_global_done();
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_errno(e, "cannot write");
	if (rc != 0)
		return EXIT_FAILED;
	return out.harmed > 0 ? EXIT_PARTLY : EXIT_DONE;
}

int cmd_scrub(int argc, char **argv, char **envp)
{
	struct scrubbing p = { 0 };
	const struct option row[] = {
		{ "dry-run", 'n', OPTION_FLAG, &p.look, NULL,
		  "Say what is wrong, and change nothing.", 0, 0 },
		{ "no-fetch", 0, OPTION_FLAG, &p.local_only, NULL,
		  "Ask no upstream: mend what can be mended from the store itself.", 0,
		  0 },
		{ "rate", 0, OPTION_TEXT, &p.rate_text, "BYTES",
		  "Read so many bytes a second at most, such as 50MB. Without it, as "
		  "fast "
		  "as it goes; larder.scrub-rate is for the larder that serves.",
		  0, 0 },
		{ "continue", 0, OPTION_FLAG, &p.go_on, NULL,
		  "Go on where the last scrub ended, if it did not reach the end.", 0,
		  0 },
		{ "json", 0, OPTION_FLAG, &p.json, NULL,
		  "Print JSON: an object a line for each finding, and one for all.", 0,
		  0 },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "scrub",
		.operands = "[PATTERN...]",
		.about =
			"Reads and hashes all that the store has, and looks at every "
			"link, tag and note. A blob whose bytes are wrong is taken out "
			"of the way, so that nobody gets it, and fetched again where a "
			"mirrored image has it; what cannot be repaired is named, with "
			"the images that it harms. A PATTERN limits it to the images it "
			"matches, like 'python:*' or 'quay.io/**'.\n"
			"It works beside a larder that serves the same store, which does "
			"it by itself once a week (larder.scrub).",
		.done = "all is well, or has been repaired",
		.failed = "the store cannot be read, or it was stopped",
		.partly = "something is wrong that does harm",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status;

	p.o = &o;
	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		lowly_after(); /* and all threads after it */
		log_setup(LOG_ERROR, LOG_TEXT);
		status = scrub(&p, s, &e);
		if (status != EXIT_DONE && status != EXIT_PARTLY)
			fprintf(stderr, "larder scrub: %s\n", e.msg);
	}
	options_done(&o);
	return status;
}
