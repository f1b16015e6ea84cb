/*
 * gather.c - the parts of a command that brings images, and its main thread's wait.
 */
#include "app/gather.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/pull_show.h"
#include "app/sized.h"
#include "app/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "upstream/upstream.h"

#define STEP_MS 100 /* between two looks at the progress */

void gather_log(const struct gather *g)
{
	const struct settings *s = g->settings;
	size_t i;

	log_setup(s->log_level == LOG_INFO ? LOG_ERROR : s->log_level, s->log_format);
	for (i = 0; i < s->n_warnings; i++)
		fprintf(stderr, "larder %s: warning: %s\n", g->command, s->warnings[i]);
}

int gather_open_plan(struct gather *g, struct err *e)
{
	if (upstream_global_init(e) != 0)
		return -1;
	g->plan = g->unlocked ? wire_plan_unlocked(g->settings, e)
			      : wire_plan(g->settings, e);
	if (g->plan == NULL)
		return -1;
	return g->lock != NULL && g->lock->n > 0 ? plan_add_lock(g->plan, g->lock, e) : 0;
}

int gather_open(struct gather *g, struct err *e)
{
	const struct settings *s = g->settings;

	if (gather_open_plan(g, e) != 0 || store_open(s->root, &g->store, e) != 0)
		return -1;
	g->mirror = mirror_new(g->store, plan_ref(g->plan), s->flights);
	/* Who does not know what is locked must not make room. */
	if (!g->unlocked)
		g->sized = sized_start_command(g->store, g->mirror, s, g->envp);
	return 0;
}

void gather_close(struct gather *g)
{
	sized_stop(g->sized);
	mirror_stop(g->mirror);
	store_close(g->store);
	plan_unref(g->plan);
	upstream_global_done();
}

static void look_for_signals(struct gather *g, struct batch *b, const sigset_t *set)
{
	static const struct timespec now = { 0 };

	if (sigtimedwait(set, NULL, &now) < 0)
		return;
	if (g->interrupted)
		_exit(EXIT_FAILED);
	g->interrupted = true;
	fprintf(stderr,
		"larder %s: ending; what has come is kept, and the next run goes "
		"on with it\n",
		g->command);
	batch_cancel(b);
	upstream_cancel_all();
}

static void wait_for(struct gather *g, struct batch *b, const struct imageargs *args)
{
	struct pull_show show;
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	pull_show_init(&show, g->quiet ? PULL_SHOW_NOTHING : pull_show_choose(g->envp),
		       args);
	batch_start(b);
	while (!batch_wait(b, STEP_MS)) {
		look_for_signals(g, b, &set);
		pull_show_step(&show, args);
	}
	batch_end(b);
	pull_show_done(&show, args);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void gather_run(struct gather *g, struct batch *b, struct imageargs *args)
{
	size_t i;

	b->plan = g->plan;
	b->mirror = g->mirror;
	b->n = 0;
	b->image = mem_alloc((args->n + 1) * sizeof(struct batch_image *));
	for (i = 0; i < args->n; i++)
		if (!args->arg[i]->bad)
			b->image[b->n++] = &args->arg[i]->im;
	wait_for(g, b, args);
	free(b->image);
	b->image = NULL;
}
