/*
 * pull.c - from a list of images to a report, with a store and its upstreams between.
 *
 * The main thread shows progress and takes signals: the first ends what is under way,
 * the second ends at once.
 */
#include "app/pull.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/here.h"
#include "app/pull_report.h"
#include "app/pull_show.h"
#include "app/pull_target.h"
#include "app/remote.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/mirror.h"
#include "store/store.h"
#include "upstream/meter.h"
#include "upstream/quota.h"
#include "upstream/upstream.h"

#define STEP_MS 100 /* between two looks at the progress */
#define DEFAULT_LIST "base-images.txt"
/* Another cache may take its time for a large blob, and says nothing meanwhile. */
#define VIA_HEADER_MS 60000
#define VIA_STALL_MS (15 * 60 * 1000)

/* What one run works on. */
struct run {
	struct pull *p;
	struct plan *plan;
	struct store *store;
	struct mirror *mirror;
	struct upstream *via;
	struct pull_target *target;
	bool interrupted;
};

static int complain(const struct pull *p, const struct err *e)
{
	fprintf(stderr, "larder %s: %s\n", p->command, e->msg);
	return e->kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}

static bool read_images(struct pull *p, const struct options *o,
			const struct option_values *files, int *status)
{
	struct option_values list = *files;
	struct err e;

	if (o->n_operands == 0 && list.n == 0 && p->settings->images != NULL)
		list.v[list.n++] = p->settings->images;
	if (o->n_operands == 0 && list.n == 0 && access(DEFAULT_LIST, R_OK) == 0)
		list.v[list.n++] = DEFAULT_LIST;
	if (o->n_operands == 0 && list.n == 0) {
		fprintf(stderr,
			"larder %s: no images: name some, or a list with --file FILE "
			"(there is no %s here)\n",
			p->command, DEFAULT_LIST);
		*status = EXIT_WRONG_USE;
		return false;
	}
	if (imageargs_read(&p->images, o->operand, o->n_operands, &list, p->envp, &e) !=
	    0) {
		*status = complain(p, &e);
		return false;
	}
	if (p->images.n > 0)
		return true;
	fprintf(stderr, "larder %s: the list has no images\n", p->command);
	*status = EXIT_DONE;
	return false;
}

static int set_platforms(struct run *r, struct err *e)
{
	struct platform platform[IMAGELIST_MAX_PLATFORMS];
	struct pull *p = r->p;
	size_t n = 1;

	if (p->platform == NULL && r->target != NULL) {
		n = pull_target_platform(r->target, &platform[0]);
	} else if (p->platform == NULL) {
		here_platform(&platform[0]);
	} else if (strcmp(p->platform, "all") == 0) {
		n = 0;
	} else if (imagelist_platforms(view_of(p->platform), platform, &n, e) != 0) {
		return err_add(e, "--platform");
	}
	imageargs_set_platforms(&p->images, platform, n);
	return 0;
}

static struct upstream *open_via(const struct pull *p, struct err *e)
{
	CLEANUP(mem_freep)
	char *url = mem_fmt("%s%s", strstr(p->via, "://") ? "" : "http://", p->via);
	char host[256];
	struct upstream_conf conf = {
		.host = host,
		.url = url,
		.docker_config = p->settings->docker_config,
		.ca_file = p->settings->ca_file,
		.header_ms = VIA_HEADER_MS,
		.stall_ms = VIA_STALL_MS,
	};

	return remote_host(url, host, e) == 0 ? upstream_new(&conf, e) : NULL;
}

static int open_parts(struct run *r, struct err *e)
{
	const struct settings *s = r->p->settings;

	if (upstream_global_init(e) != 0)
		return -1;
	r->plan = wire_plan(s, e);
	if (r->plan == NULL)
		return -1;
	if (r->p->via != NULL) {
		r->via = open_via(r->p, e);
		return r->via != NULL ? 0 : err_add(e, "--via");
	}
	if (store_open(s->root, &r->store, e) != 0)
		return -1;
	r->mirror = mirror_new(r->store, plan_ref(r->plan), s->flights);
	if (r->p->to == NULL || strcmp(r->p->to, "store") == 0)
		return 0;
	return pull_target_open(r->p->to, s, r->store, &r->target, e);
}

static void close_parts(struct run *r)
{
	pull_target_close(r->target);
	mirror_stop(r->mirror);
	store_close(r->store);
	upstream_unref(r->via);
	plan_unref(r->plan);
	upstream_global_done();
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void look_for_signals(struct run *r, struct batch *b, const sigset_t *set)
{
	static const struct timespec now = { 0 };

	if (sigtimedwait(set, NULL, &now) < 0)
		return;
	if (r->interrupted)
		_exit(EXIT_FAILED);
	r->interrupted = true;
	fprintf(stderr,
		"larder %s: ending; what has come is kept, and the next run goes "
		"on with it\n",
		r->p->command);
	batch_cancel(b);
	upstream_cancel_all();
}

static void run_batch(struct run *r, struct batch *b, const sigset_t *set)
{
	struct pull *p = r->p;
	struct pull_show show;

	pull_show_init(&show, p->quiet ? PULL_SHOW_NOTHING : pull_show_choose(p->envp),
		       &p->images);
	batch_start(b);
	while (!batch_wait(b, STEP_MS)) {
		look_for_signals(r, b, set);
		pull_show_step(&show, &p->images);
	}
	batch_end(b);
	pull_show_done(&show, &p->images);
}

/* What it cost at Docker Hub, and what it has left, as far as it says. */
static void set_quota(const struct run *r, struct pull_report *report)
{
	struct upstream_quota q;
	size_t i;

	report->spent = meter_count("docker.io", "manifest_get", "200");
	for (i = 0; i < r->plan->nsites; i++) {
		if (strcmp(r->plan->site[i].host, "docker.io") != 0 ||
		    !upstream_quota(r->plan->site[i].up, &q))
			continue;
		report->left = q.remaining;
		report->limit = q.limit;
	}
}

static enum exit_status work(struct run *r, const sigset_t *set)
{
	struct pull *p = r->p;
	struct pull_report report = { .json = p->json,
				      .look = p->look,
				      .stale_bad = p->stale_bad,
				      .spent = -1,
				      .left = -1,
				      .limit = -1 };
	struct batch b = {
		.plan = r->plan,
		.mirror = r->mirror,
		.image = mem_alloc((p->images.n + 1) * sizeof(struct batch_image *)),
		.at_once = p->at_once,
		.look = p->look,
		.who = p->who,
		.via = r->via,
		.hand = r->target != NULL ? pull_target_hand : NULL,
		.arg = r->target,
	};
	int64_t began_ms = clock_mono_ms();
	size_t i;

	for (i = 0; i < p->images.n; i++)
		if (!p->images.arg[i]->bad)
			b.image[b.n++] = &p->images.arg[i]->im;
	run_batch(r, &b, set);
	free(b.image);
	report.took_ms = clock_mono_ms() - began_ms;
	if (r->target != NULL)
		report.target = pull_target_name(r->target);
	if (r->via == NULL)
		set_quota(r, &report);
	pull_report_print(&report, &p->images);
	return pull_report_status(&report, &p->images);
}

/* The report says what went wrong, once; the log would say it again. */
static void set_log(const struct pull *p)
{
	const struct settings *s = p->settings;
	size_t i;

	log_setup(s->log_level == LOG_INFO ? LOG_ERROR : s->log_level, s->log_format);
	for (i = 0; i < s->n_warnings; i++)
		fprintf(stderr, "larder %s: warning: %s\n", p->command, s->warnings[i]);
}

static enum exit_status run(struct pull *p)
{
	enum exit_status status;
	struct run r = { .p = p };
	sigset_t set;
	struct err e;

	set_log(p);
	signal(SIGPIPE, SIG_IGN);
	/* Until images are under way a signal ends this at once: an engine that does not
	 * answer is waited for here. */
	if (open_parts(&r, &e) != 0 || set_platforms(&r, &e) != 0) {
		status = (enum exit_status)complain(p, &e);
	} else {
		block_signals(&set);
		status = work(&r, &set);
	}
	close_parts(&r);
	return status;
}

static bool agree(const struct pull *p)
{
	if ((p->via != NULL) + (p->to != NULL) + p->look <= 1)
		return true;
	fprintf(stderr, "larder %s: --to, --via and --check: one of them\n", p->command);
	return false;
}

int pull_command(struct pull *p, struct options *o, const struct option_values *files,
		 int argc, char **argv)
{
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status;

	if (options_begin(o, argc, argv, p->envp, &s, &status)) {
		p->settings = s;
		if (!agree(p))
			status = EXIT_WRONG_USE;
		else if (read_images(p, o, files, &status))
			status = (int)run(p);
	}
	imageargs_done(&p->images);
	options_done(o);
	return status;
}
