/*
 * cmd_status.c - `larder status`: a store and the larder that serves it, or another
 * larder.
 */
#include "app/cmd_status.h"

#include <stdio.h>

#include "app/options.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/inventory.h"
#include "upstream/upstream.h"

struct asked {
	bool json, quick, ready;
	const char *server;
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

static int look_at_store(const struct asked *a, const struct settings *s,
			 struct report *r, struct err *e)
{
	struct store *store = NULL;
	int rc;

	if (store_look(s->root, &store, e) != 0)
		return -1;
	r->root = s->root;
	r->in_use = store_in_use(store);
	rc = facts_read(store, &r->facts, e);
	scrub_state_read(store, &r->scrub);
	if (rc == 0 && !a->quick)
		rc = look_at_images(store, s, r, e);
	store_close(store);
	return rc;
}

static int ask_server(struct report *r, const struct settings *s, bool own,
		      struct plain *page, struct err *e)
{
	struct remote remote;
	int rc = remote_open(&remote, s, r->url, own,
			     own ? REMOTE_PROBE_MS : REMOTE_ASK_MS, e);

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

static int show(const struct asked *a, const struct settings *s, struct err *e)
{
	char own_url[REMOTE_URL_MAX];
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct report r = { .unique_bytes = -1 };
	struct plain page = { 0 };
	struct err why;
	int rc = 0;

	if (a->server != NULL) {
		r.url = a->server;
	} else {
		if (look_at_store(a, s, &r, e) != 0)
			return -1;
		if (r.in_use && remote_own_url(s, own_url))
			r.url = own_url;
	}
	if (r.url != NULL) {
		rc = ask_server(&r, s, a->server == NULL, &page, &why);
		if (rc == 0)
			rc = read_answer(&r, &page, &doc, &why);
		if (rc != 0 && a->server != NULL) {
			*e = why;
			return -1;
		}
		/* Perhaps another command's store, or served elsewhere. */
		if (rc != 0)
			r.why_not = why.msg;
	}
	rc = print(&r, a->json, e);
	plain_done(&page);
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
		return EXIT_DONE;
	fprintf(stderr, "larder status: %s\n", e.msg);
	return e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}
