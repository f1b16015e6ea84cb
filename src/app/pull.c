/*
 * pull.c - from a list of images to a report, with a store and its upstreams between.
 */
#include "app/pull.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gather.h"
#include "app/here.h"
#include "app/inside.h"
#include "app/pull_markdown.h"
#include "app/pull_policy.h"
#include "app/pull_report.h"
#include "app/pull_signed.h"
#include "app/pull_target.h"
#include "app/remote.h"
#include "base/clock.h"
#include "base/mem.h"
#include "upstream/meter.h"
#include "upstream/quota.h"
#include "upstream/upstream.h"

#define DEFAULT_LIST "base-images.txt"
/* Another cache may take its time for a large blob, and says nothing meanwhile. */
#define VIA_HEADER_MS 60000
#define VIA_STALL_MS (15 * 60 * 1000)

/* What one run works on. */
struct run {
	struct pull *p;
	struct gather g;
	struct upstream *via;
	struct pull_target *target;
	struct pull_policy policy; /* before the target */
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

	if (r->p->via != NULL) {
		if (gather_open_plan(&r->g, e) != 0)
			return -1;
		r->via = open_via(r->p, e);
		return r->via != NULL ? 0 : err_add(e, "--via");
	}
	if (gather_open(&r->g, e) != 0)
		return -1;
	if (r->p->to == NULL || strcmp(r->p->to, "store") == 0)
		return 0;
	if (pull_target_open(r->p->to, s, r->g.store, &r->target, e) != 0)
		return -1;
	r->policy = (struct pull_policy){ .command = r->p->command,
					  .store = r->g.store,
					  .hand = pull_target_hand,
					  .arg = r->target };
	return pull_policy_open(&r->policy, s, r->g.mirror, e);
}

static void close_parts(struct run *r)
{
	pull_policy_close(&r->policy);
	pull_target_close(r->target);
	upstream_unref(r->via);
	gather_close(&r->g);
}

/* What it cost at Docker Hub, and what it has left, as far as it says. */
static void set_quota(const struct run *r, struct pull_report *report)
{
	struct upstream_quota q;
	size_t i;

	report->spent = meter_count("docker.io", "manifest_get", "200");
	for (i = 0; i < r->g.plan->nsites; i++) {
		if (strcmp(r->g.plan->site[i].host, "docker.io") != 0 ||
		    !upstream_quota(r->g.plan->site[i].up, &q))
			continue;
		report->left = q.remaining;
		report->limit = q.limit;
	}
}

static void fetch_inside(struct inside *in, const struct imageargs *a)
{
	struct inside_moved *moved = mem_alloc((a->n + 1) * sizeof(*moved));
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		if (a->arg[i]->im.result == BATCH_MOVED)
			moved[n++] = pull_report_moved(a->arg[i]);
	inside_fetch(in, moved, n);
	free(moved);
}

static enum exit_status work(struct run *r)
{
	struct pull *p = r->p;
	struct pull_report report = { .json = p->json,
				      .look = p->look,
				      .stale_bad = p->stale_bad,
				      .spent = -1,
				      .left = -1,
				      .limit = -1 };
	struct pull_signed signatures = {
		.mirror = r->g.mirror,
		.who = p->who,
		.hand = r->target != NULL ? pull_policy_hand : NULL,
		.arg = &r->policy,
	};
	struct batch b = {
		.at_once = p->at_once,
		.look = p->look,
		.who = p->who,
		.via = r->via,
		.hand = r->target != NULL ? pull_policy_hand : NULL,
		.arg = &r->policy,
	};
	struct inside inside = { .gather = &r->g,
				 .fetch = p->fetch_inside,
				 .at_once = p->at_once };
	int64_t began_ms = clock_mono_ms();

	if (p->signatures) {
		b.hand = pull_signed_hand;
		b.arg = &signatures;
	}
	gather_run(&r->g, &b, &p->images);
	report.took_ms = clock_mono_ms() - began_ms;
	if (r->target != NULL)
		report.target = pull_target_name(r->target);
	if (p->inside && !p->brief)
		report.inside = &inside;
	if (report.inside != NULL)
		fetch_inside(&inside, &p->images);
	if (r->via == NULL)
		set_quota(r, &report);
	if (p->markdown)
		pull_markdown_print(&report, &p->images);
	else
		pull_report_print(&report, &p->images);
	inside_done(&inside);
	return pull_report_status(&report, &p->images);
}

static enum exit_status run(struct pull *p)
{
	enum exit_status status;
	struct run r = { .p = p,
			 .g = { .command = p->command,
				.settings = p->settings,
				.envp = p->envp,
				.quiet = p->quiet,
				.lock = &p->images.lock } };
	struct err e;

	if (!p->as_locked)
		imageargs_compare(&p->images);

	gather_log(&r.g);
	signal(SIGPIPE, SIG_IGN);
	/* Until images are under way a signal ends this at once: an engine that does not
	 * answer is waited for here. */
	if (open_parts(&r, &e) != 0 || set_platforms(&r, &e) != 0)
		status = (enum exit_status)complain(p, &e);
	else
		status = work(&r);
	close_parts(&r);
	return status;
}

static bool agree(const struct pull *p)
{
	const char *which = (p->via != NULL) + (p->to != NULL) + p->look > 1
				    ? "--to, --via and --check"
			    : p->signatures && (p->via != NULL || p->look)
				    ? "--signatures and --via or --check"
			    : p->json && p->markdown	  ? "--json and --markdown"
			    : p->fetch_inside && p->brief ? "--diff and --brief"
							  : NULL;

	if (which != NULL)
		fprintf(stderr, "larder %s: %s: one of them\n", p->command, which);
	return which == NULL;
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
