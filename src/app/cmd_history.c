/*
 * cmd_history.c - `larder history`: where tags have been. Looks into a store only; a
 * larder may serve it meanwhile.
 */
#include "app/cmd_history.h"

#include <stdio.h>
#include <string.h>

#include "app/options.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "mirror/former.h"
#include "mirror/named.h"
#include "oci/asof.h"
#include "store/history.h"
#include "store/link.h"
#include "store/list.h"
#include "upstream/upstream.h"

#define ROW_BYTES 4096
#define SHORT_DIGEST 12

struct telling {
	struct store *store;
	struct plan *plan;
	bool json, digests;
	const char *as_of;
	int64_t as_of_ms;
	bool begun; /* the table has its first line */
};

static const char *how_much(const struct telling *t, const struct reponame *name,
			    const struct history_move *m)
{
	if (m->gone)
		return "-";
	if (former_is_whole(t->store, name, &m->digest))
		return "yes";
	return link_exists(t->store, LINK_REVISION, name, &m->digest) ? "in part" : "no";
}

static void print_json(const struct telling *t, const struct route *r, const char *shown,
		       const char *tag, const struct history_move *m)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(ROW_BYTES);
	char digest[DIGEST_TEXT_MAX], when[24];

	httpdate_format_iso(m->ms / 1000, when);
	buf_addf(&b,
		 "{\"image\":\"%s:%s\",\"repository\":\"%s\",\"tag\":\"%s\",\"when\":"
		 "\"%s\",",
		 shown, tag, r->name.s, tag, when);
	if (m->gone) {
		buf_adds(&b, "\"digest\":null,\"here\":null,");
	} else {
		digest_text(&m->digest, digest);
		buf_addf(&b, "\"digest\":\"%s\",\"here\":\"%s\",", digest,
			 how_much(t, &r->name, m));
	}
	buf_adds(&b, "\"from\":\"");
	buf_add_json(&b, m->from, strlen(m->from));
	buf_adds(&b, "\"}\n");
	fputs(buf_str(&b), stdout);
}

static void print_row(struct telling *t, const struct route *r, const char *shown,
		      const char *tag, const struct history_move *m)
{
	char digest[DIGEST_TEXT_MAX] = "-", hex[DIGEST_HEX_MAX], when[24];
	int width = t->digests ? (int)strlen("sha256:") + 64 : SHORT_DIGEST;

	if (!t->begun)
		printf("%-20s  %-*s  %-7s  %-16s  IMAGE\n", "SINCE", width, "DIGEST",
		       "HERE", "FROM");
	t->begun = true;
	httpdate_format_iso(m->ms / 1000, when);
	if (!m->gone && t->digests) {
		digest_text(&m->digest, digest);
	} else if (!m->gone) {
		digest_hex(&m->digest, hex);
		snprintf(digest, sizeof(digest), "%.*s", SHORT_DIGEST, hex);
	}
	printf("%-20s  %-*s  %-7s  ", when, width, digest, how_much(t, &r->name, m));
	human_print(stdout, m->from);
	printf("%*s  %s:%s\n", 16 - (int)strnlen(m->from, 16), "", shown, tag);
}

static int tell_tag(struct telling *t, const struct route *r, const char *tag,
		    struct err *e)
{
	const struct history_move *at = NULL;
	char shown[ROUTE_SHOWN_MAX];
	struct digest d;
	struct history h;
	size_t i;

	/* Its message says why there is none. */
	if (t->as_of != NULL &&
	    history_resolve(t->store, &r->name, tag, t->as_of_ms, &d, e) != 0)
		return -1;
	if (history_read(t->store, &r->name, tag, &h, e) != 0)
		return -1;
	route_shown(r, shown);
	if (t->as_of != NULL)
		at = history_at(&h, t->as_of_ms);
	for (i = 0; i < h.n; i++) {
		if (t->as_of != NULL && &h.move[i] != at)
			continue;
		if (t->json)
			print_json(t, r, shown, tag, &h.move[i]);
		else
			print_row(t, r, shown, tag, &h.move[i]);
	}
	history_done(&h);
	return 0;
}

static int tell_all(struct telling *t, const struct route *r, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	const char *tag;
	struct err why;

	if (t->as_of != NULL) {
		if (history_tags(t->store, &r->name, t->as_of_ms, &names, e) != 0)
			return -1;
	} else if (history_names(t->store, &r->name, &names, e) != 0) {
		return -1;
	}
	for (tag = buf_str(&names); tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1)
		if (tell_tag(t, r, tag, &why) != 0 && why.kind != ERR_NOT_FOUND) {
			*e = why;
			return -1;
		}
	return 0;
}

/* imageref_parse makes it "latest" where none was written. */
static bool has_tag(const char *text)
{
	const char *slash = strrchr(text, '/');

	return strchr(slash != NULL ? slash : text, ':') != NULL;
}

static int tell(struct telling *t, const char *text, struct err *e)
{
	struct imageref image;
	struct route r;
	int rc;

	if (imageref_parse(view_of(text), &image, e) != 0)
		return -1;
	if (image.has_digest)
		return err_set(e, ERR_INVALID,
			       "%.200s: a digest never moves; name a tag, or the image "
			       "alone for all its tags",
			       text);
	if (named_route(t->plan, &image, &r, e) != 0)
		return -1;
	rc = has_tag(text) ? tell_tag(t, &r, image.tag, e) : tell_all(t, &r, e);
	route_done(&r);
	return rc;
}

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
	if (store_look(s->root, &t->store, e) != 0 ||
	    (t->plan = wire_store_plan(s, t->store, e)) == NULL)
		status = EXIT_FAILED;
	for (i = 0; i < o->n_operands && status == EXIT_DONE; i++) {
		if (tell(t, o->operand[i], e) == 0)
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
		.failed = "the store cannot be read, or nothing is known of any of them",
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
