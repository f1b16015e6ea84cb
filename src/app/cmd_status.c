/*
 * cmd_status.c - `larder status`: a store and the larder that serves it, or another
 * larder.
 */
#include "app/cmd_status.h"

#include <stdio.h>

#include "app/options.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/status_check.h"
#include "app/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/inventory.h"
#include "upstream/upstream.h"

struct asked {
	bool json, quick, ready, check;
	const char *server;
	unsigned failed; /* checks */
};

static int look_at_images(struct store *store, const struct settings *s, struct report *r,
			  struct err *e)
{
	CLEANUP(shares_freep)
	struct shares *shares = shares_new();
	struct inventory_ask ask = { .store = store,
				     .plan = wire_store_plan(s, store, e) };
	int rc = ask.plan != NULL ? inventory_count(&ask, shares, e) : -1;

	plan_unref(ask.plan);
	r->walked = rc == 0;
	r->images = shares_images(shares);
	r->unique_bytes = shares_unknown(shares) ? -1
						 : (int64_t)shares_counted_bytes(shares);
	return rc;
}

static int look_at_store(const struct asked *a, struct store *store,
			 const struct settings *s, struct report *r, struct err *e)
{
	int rc;

	r->root = s->root;
	r->in_use = store_in_use(store);
	rc = facts_read(store, &r->facts, e);
	scrub_state_read(store, &r->scrub);
	if (rc == 0 && !a->quick)
		rc = look_at_images(store, s, r, e);
	return rc;
}

static int ask_server(struct asked *a, struct report *r, const struct settings *s,
		      struct plain *page, struct err *e)
{
	bool own = a->server == NULL;
	struct remote remote;
	int rc = remote_open(&remote, s, r->url, own,
			     own && !a->check ? REMOTE_PROBE_MS : REMOTE_ASK_MS, e);

	if (rc == 0 && a->check)
		rc = status_check_remote(&remote, &a->failed, e);
	if (rc == 0)
		rc = remote_get(&remote, "/larder/v1/status", page, e);
	remote_close(&remote);
	return rc;
}

static int print(const struct report *r, bool json, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(REPORT_MAX_BYTES);

	if ((json ? report_json : report_text)(&text, r) != 0)
		return err_set(e, ERR_LIMIT, "the status is too long to print");
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0)
		return err_errno(e, "cannot write");
	return 0;
}

/* The answer read, and put into the report. */
static int read_answer(struct report *r, const struct plain *page, struct json **doc,
		       struct err *e)
{
	*doc = json_parse(buf_view(&page->body), NULL);
	if (!json_is_object(*doc))
		return err_set(e, ERR_UPSTREAM,
			       "%s answered with something that is no status", r->url);
	r->server = *doc;
	r->answer = buf_view(&page->body);
	while (r->answer.n > 0 && r->answer.p[r->answer.n - 1] == '\n')
		r->answer.n--;
	return 0;
}

/* What a larder that serves says of itself; of another's own store it may be silent. */
static int look_at_server(struct asked *a, const struct settings *s, struct report *r,
			  struct plain *page, struct json **doc, struct err *e)
{
	int rc = ask_server(a, r, s, page, e);

	if (rc == 0)
		rc = read_answer(r, page, doc, e);
	if (rc != 0)
		r->why_not = e->msg;
	return rc;
}

/* Where no larder answers, its store says what it last knew of quotas. */
static int look_at_quotas(struct asked *a, struct store *store, const struct settings *s,
			  struct report *r, struct buf *kept, struct json **doc,
			  struct err *e)
{
	if (status_check_kept(s, store, a->check, kept, &a->failed, e) != 0)
		return -1;
	r->kept = buf_view(kept);
	*doc = json_parse(r->kept, NULL);
	r->upstreams = *doc;
	return 0;
}

static int show_store(struct asked *a, struct store *store, const struct settings *s,
		      struct report *r, struct err *e)
{
	CLEANUP(buf_done)
	struct buf kept = BUF_INIT(REPORT_MAX_BYTES / 2);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	CLEANUP(json_freep)
	struct json *upstreams = NULL;
	char own_url[REMOTE_URL_MAX];
	struct plain page = { 0 };
	struct err why;
	int rc = look_at_store(a, store, s, r, e);

	if (rc == 0 && r->in_use && remote_own_url(s, own_url)) {
		r->url = own_url;
		look_at_server(a, s, r, &page, &doc, &why);
	}
	if (rc == 0 && r->server == NULL)
		rc = look_at_quotas(a, store, s, r, &kept, &upstreams, e);
	if (rc == 0)
		rc = print(r, a->json, e);
	plain_done(&page);
	return rc;
}

static int show_other(struct asked *a, const struct settings *s, struct report *r,
		      struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct plain page = { 0 };
	int rc;

	r->url = a->server;
	rc = look_at_server(a, s, r, &page, &doc, e);
	if (rc == 0)
		rc = print(r, a->json, e);
	plain_done(&page);
	return rc;
}

static int show(struct asked *a, const struct settings *s, struct err *e)
{
	struct report r = { .unique_bytes = -1 };
	struct store *store = NULL;
	int rc;

	if (a->server != NULL)
		return show_other(a, s, &r, e);
	if (store_look(s->root, &store, e) != 0)
		return -1;
	rc = show_store(a, store, s, &r, e);
	store_close(store);
	return rc;
}

static int say_ready(const struct asked *a, const struct settings *s, struct err *e)
{
	char own_url[REMOTE_URL_MAX];
	struct remote r = { 0 };
	int rc;

	if (a->server == NULL && !remote_own_url(s, own_url))
		return err_set(e, ERR_INVALID,
			       "http.addr %s names no port to ask at; say where with "
			       "--server URL",
			       s->addr);
	rc = remote_open(&r, s, a->server != NULL ? a->server : own_url,
			 a->server == NULL, REMOTE_PROBE_MS, e);
	if (rc == 0)
		rc = remote_ready(&r, e);
	remote_close(&r);
	puts(rc == 0 ? "ready" : "unready");
	return rc;
}

int cmd_status(int argc, char **argv, char **envp)
{
	struct asked a = { 0 };
	const struct option row[] = {
		{ "json", 0, OPTION_FLAG, &a.json, NULL, "Print JSON: one object.", 0,
		  0 },
		{ "check", 0, OPTION_FLAG, &a.check, NULL,
		  "Ask Docker Hub first what is left of its quota, which costs none of "
		  "it.",
		  0, 0 },
		{ "quick", 'q', OPTION_FLAG, &a.quick, NULL,
		  "Do not go through the images.", 0, 0 },
		{ "ready", 0, OPTION_FLAG, &a.ready, NULL,
		  "Only whether it serves, by one word and the exit status; within two "
		  "seconds, for health checks.",
		  0, 0 },
		{ "server", 0, OPTION_TEXT, &a.server, "URL",
		  "Ask the larder at this URL instead of looking into a store.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "status",
		.about = "How a store fares, and the larder that serves it: disk, "
			 "images, hit rate, what was saved, upstreams and their quota.",
		.done = "said; with --ready, it serves",
		.failed = "the store cannot be read, or the larder asked did not answer; "
			  "with --ready, it does not serve",
		.partly = "with --check: said, but an upstream could not be asked",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status, rc;

	if (!options_begin(&o, argc, argv, envp, &s, &status)) {
		options_done(&o);
		return status;
	}
	log_setup(LOG_ERROR, LOG_TEXT);
	rc = upstream_global_init(&e);
	if (rc == 0) {
		rc = a.ready ? say_ready(&a, s, &e) : show(&a, s, &e);
		upstream_global_done();
	}
	options_done(&o);
	if (rc == 0)
		return a.failed > 0 ? EXIT_PARTLY : EXIT_DONE;
	fprintf(stderr, "larder status: %s\n", e.msg);
	return e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}
