/*
 * cmd_history.c - `larder history`: where tags have been, by a store, which a larder may
 * serve meanwhile, or by another larder.
 */
#include "app/cmd_history.h"

#include <stdio.h>
#include <string.h>

#include "app/options.h"
#include "app/remote.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "mirror/named.h"
#include "mirror/past_json.h"
#include "oci/asof.h"
#include "upstream/upstream.h"

#define SHORT_DIGEST 12
#define FROM_WIDTH 16

struct telling {
	struct store *store;
	struct plan *plan;
	bool json, digests;
	const char *as_of, *server;
	int64_t as_of_ms;
	bool begun; /* the table has its first line */
};

/* --- rows --- */

static int print_json(const struct past_row *r, struct err *e)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(PAST_JSON_MAX);

	if (past_json_write(&line, r) != 0)
		return err_set(e, ERR_LIMIT, "%s:%s: too long to print", r->shown,
			       r->tag);
	fputs(buf_str(&line), stdout);
	return 0;
}

static int print_row(void *arg, const struct past_row *r, struct err *e)
{
	struct telling *t = arg;
	char digest[DIGEST_TEXT_MAX] = "-", hex[DIGEST_HEX_MAX], when[24];
	int width = t->digests ? (int)strlen("sha256:") + 64 : SHORT_DIGEST;

	if (t->json)
		return print_json(r, e);
	if (!t->begun)
		printf("%-20s  %-*s  %-7s  %-*s  IMAGE\n", "SINCE", width, "DIGEST",
		       "HERE", FROM_WIDTH, "FROM");
	t->begun = true;
	httpdate_format_iso(r->since_ms / 1000, when);
	if (!r->gone && t->digests) {
		digest_text(&r->digest, digest);
	} else if (!r->gone) {
		digest_hex(&r->digest, hex);
		snprintf(digest, sizeof(digest), "%.*s", SHORT_DIGEST, hex);
	}
	printf("%-20s  %-*s  %-7s  ", when, width, digest,
	       r->gone ? "-" : past_json_here(r->here));
	human_print(stdout, r->from);
	printf("%*s  %s:%s\n", FROM_WIDTH - (int)strnlen(r->from, FROM_WIDTH), "",
	       r->shown, r->tag);
	return 0;
}

/* imageref_parse makes it "latest" where none was written. */
static bool has_tag(const char *text)
{
	const char *slash = strrchr(text, '/');

	return strchr(slash != NULL ? slash : text, ':') != NULL;
}

static int ask_store(struct telling *t, const struct imageref *image, const char *tag,
		     struct err *e)
{
	struct past_ask ask = { .store = t->store,
				.tag = tag,
				.last = "",
				.has_asof = t->as_of != NULL,
				.asof_ms = t->as_of_ms };
	struct route r;
	int rc;

	if (named_route(t->plan, image, &r, e) != 0)
		return -1;
	ask.route = &r;
	rc = past_list(&ask, print_row, t, e);
	route_done(&r);
	return rc;
}

static int take_line(void *arg, struct view line, struct err *e)
{
	struct past_row row;

	return past_json_read(line, &row, e) == 0 ? print_row(arg, &row, e) : -1;
}

/* What is put into the path has nothing in it that would have to be encoded. */
static int ask_server(struct telling *t, const struct settings *s,
		      const struct imageref *image, const char *tag, struct err *e)
{
	char path[PLAIN_NEXT_MAX], name[IMAGEREF_TEXT_MAX], when[24];
	const char *asof = t->as_of;
	const struct remote_list pages = { take_line, NULL, t };
	struct remote r;
	int rc;

	imageref_name(image, name);
	if (asof != NULL && strchr(asof, 'T') != NULL) {
		httpdate_format_iso(t->as_of_ms / 1000, when);
		asof = when;
	}
	snprintf(path, sizeof(path), "/larder/v1/history?name=%s%s%s%s%s", name,
		 tag != NULL ? "&tag=" : "", tag != NULL ? tag : "",
		 asof != NULL ? "&asof=" : "", asof != NULL ? asof : "");
	rc = remote_open(&r, s, t->server, false, REMOTE_ASK_MS, e);
	if (rc == 0)
		rc = remote_list(&r, path, &pages, e);
	remote_close(&r);
	return rc;
}

static int tell(struct telling *t, const struct settings *s, const char *text,
		struct err *e)
{
	struct imageref image;
	const char *tag;

	if (imageref_parse(view_of(text), &image, e) != 0)
		return -1;
	if (image.has_digest)
		return err_set(e, ERR_INVALID,
			       "%.200s: a digest never moves; name a tag, or the image "
			       "alone for all its tags",
			       text);
	tag = has_tag(text) ? image.tag : NULL;
	return t->server != NULL ? ask_server(t, s, &image, tag, e)
				 : ask_store(t, &image, tag, e);
}

/* --- the command --- */

static int prepare(struct telling *t, const struct options *o, struct err *e)
{
	if (o->n_operands == 0)
		return err_set(e, ERR_INVALID,
			       "name an image, as in `larder history "
			       "python:3.11-slim`");
	if (t->as_of != NULL &&
	    asof_date(view_of(t->as_of), clock_wall_ms(), &t->as_of_ms, e) != 0)
		return err_add(e, "--as-of");
	return 0;
}

static int history(struct telling *t, const struct options *o, const struct settings *s,
		   struct err *e)
{
	size_t i, failed = 0;
	int status = EXIT_DONE;

	if (prepare(t, o, e) != 0)
		return EXIT_WRONG_USE;
	if (upstream_global_init(e) != 0)
		return EXIT_FAILED;
	if (t->server == NULL && (store_look(s->root, &t->store, e) != 0 ||
				  (t->plan = wire_store_plan(s, t->store, e)) == NULL))
		status = EXIT_FAILED;
	for (i = 0; i < o->n_operands && status == EXIT_DONE; i++) {
		if (tell(t, s, o->operand[i], e) == 0)
			continue;
		fprintf(stderr, "larder history: %s\n", e->msg);
		failed += 1;
	}
	if (failed > 0) {
		e->msg[0] = '\0';
		status = failed < o->n_operands	  ? EXIT_PARTLY
			 : e->kind == ERR_INVALID ? EXIT_WRONG_USE
						  : EXIT_FAILED;
	}
	plan_unref(t->plan);
	store_close(t->store);
	upstream_global_done();
	if (status == EXIT_DONE && (fflush(stdout) != 0 || ferror(stdout))) {
		err_errno(e, "cannot write");
		return EXIT_FAILED;
	}
	return status;
}

int cmd_history(int argc, char **argv, char **envp)
{
	struct telling t = { .json = false };
	const struct option row[] = {
		{ "as-of", 0, OPTION_TEXT, &t.as_of, "DATE",
		  "Only where each was then: 2026-11-01 (the end of that day, UTC), "
		  "2026-11-01t1230z, or 2026-11-01T12:30:00Z.",
		  0, 0 },
		{ "digests", 0, OPTION_FLAG, &t.digests, NULL, "Digests in full.", 0, 0 },
		{ "json", 0, OPTION_FLAG, &t.json, NULL,
		  "Print JSON: an object a line for each move.", 0, 0 },
		{ "server", 0, OPTION_TEXT, &t.server, "URL",
		  "Ask the larder at this URL instead of looking into a store.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "history",
		.operands = "IMAGE...",
		.about = "Shows where tags have been: since when, which digest, from "
			 "where, and whether that is still here. Without a tag, an IMAGE "
			 "is all its tags.\n"
			 "What a tag was on a day can be pulled by anybody, from a "
			 "larder that serves the store: "
			 "HOST/asof-2026-11-01/library/python:3.11-slim.",
		.done = "shown",
		.failed = "the store cannot be read, the larder asked did not answer, or "
			  "nothing is known of any of them",
		.partly = "nothing is known of some of them",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		log_setup(LOG_ERROR, LOG_TEXT);
		status = history(&t, &o, s, &e);
		if (status != EXIT_DONE && e.msg[0] != '\0')
			fprintf(stderr, "larder history: %s\n", e.msg);
	}
	options_done(&o);
	return status;
}
