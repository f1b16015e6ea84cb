/*
 * cmd_prune.c - `larder prune`: what people have had enough of, and what nobody names.
 */
#include "app/cmd_prune.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/imagepattern.h"
#include "app/listed.h"
#include "app/options.h"
#include "settings/setting_value.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/log.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "mirror/inventory_json.h"
#include "mirror/prune.h"
#include "oci/pattern.h"
#include "store/usage.h"
#include "upstream/upstream.h"

#define UNUSED_MS (INT64_C(24) * 60 * 60 * 1000)
#define NAME_WIDTH 56

struct pruning {
	const struct options *o;
	struct option_values filters;
	bool all, keep, local, dry_run, force, json;
	int64_t unused_ms;
	unsigned rows;
	char **envp;
};

static volatile sig_atomic_t signalled;

static void on_signal(int sig)
{
	signalled = sig;
}

/* --- what is wanted --- */

static bool want(void *arg, const struct retire_image *im)
{
	const struct pruning *p = arg;

	return imagepattern_match(p->o->operand, p->o->n_operands, im->shown, im->tag,
				  im->hold == RETIRE_LOCAL);
}

/* A day (its beginning) or a time, with its zone or in UTC. */
static bool is_date(const char *text, int64_t *at_s)
{
	char whole[48];

	if (httpdate_parse(view_of(text), at_s))
		return true;
	snprintf(whole, sizeof(whole), "%.30s%s", text,
		 strlen(text) == strlen("2026-11-01") ? "T00:00:00Z" : "Z");
	return httpdate_parse(view_of(whole), at_s);
}

/* "24h", or the moment itself, as `docker image prune` takes them. */
static int set_until(struct pruning *p, const char *text, struct err *e)
{
	int64_t at_s = 0;

	if (setting_value_duration(text, &p->unused_ms, NULL) == 0)
		return 0;
	if (setting_value_count(text, &at_s, NULL) != 0 && !is_date(text, &at_s))
		return err_set(e, ERR_INVALID,
			       "--filter until=%.60s: neither a duration such as 24h, "
			       "nor a time such as 2026-11-01, 2026-11-01T06:30:00Z or "
			       "seconds since 1970",
			       text);
	p->unused_ms = clock_wall_ms() - at_s * 1000;
	if (p->unused_ms < 0)
		return err_set(e, ERR_INVALID, "--filter until=%.60s is in the future",
			       text);
	return 0;
}

static int check(struct pruning *p, const struct settings *s, struct err *e)
{
	size_t i;

	p->unused_ms = UNUSED_MS;
	if (p->all && p->keep)
		return err_set(e, ERR_INVALID,
			       "--all takes out what has not been used, --keep what no "
			       "rule of larder.keep keeps: give one of both");
	if (p->keep && s->n_keep == 0)
		return err_set(
			e, ERR_INVALID,
			"--keep: there are no rules in larder.keep, or no settings "
			"were given (--config)");
	for (i = 0; i < p->filters.n; i++) {
		if (strncmp(p->filters.v[i], "until=", 6) != 0)
			return err_set(e, ERR_INVALID,
				       "--filter %.60s: there is only until=...",
				       p->filters.v[i]);
		if (set_until(p, p->filters.v[i] + 6, e) != 0)
			return -1;
	}
	for (i = 0; i < p->o->n_operands; i++)
		if (pattern_check(p->o->operand[i], e) != 0)
			return err_add(e, "pattern \"%.100s\"", p->o->operand[i]);
	if (p->local && p->o->n_operands == 0)
		return err_set(e, ERR_INVALID,
			       "--local takes out what lives here and can be had from "
			       "nowhere else: name it with a pattern");
	return 0;
}

/* --- what is said --- */

static const char *why(const struct pruning *p, const struct retire_image *im)
{
	if (im->tag[0] == '\0')
		return "no tag";
	return p->keep ? "not kept" : "not used";
}

static void print_json(const struct pruning *p, const struct retire_image *im)
{
	CLEANUP(buf_done)
	struct buf used = BUF_INIT(64);
	char digest[DIGEST_TEXT_MAX] = "";

	if (im->has_digest)
		digest_text(&im->digest, digest);
	inventory_json_time(&used, im->used_ms);
	/* Names, tags and digests are such that JSON takes them as they are. */
	printf("{\"image\":\"%s%s%s\",\"repository\":\"%s\",\"digest\":\"%s\","
	       "\"why\":\"%s\",\"used\":%s,\"removed\":%s}\n",
	       im->shown, im->tag[0] != '\0' ? ":" : "", im->tag, im->repository.s,
	       digest, why(p, im), buf_str(&used), p->dry_run ? "false" : "true");
}

static void print_row(void *arg, const struct retire_image *im)
{
	char name[ROUTE_SHOWN_MAX + DIGEST_TEXT_MAX + TAG_MAX_BYTES + 2];
	char hex[DIGEST_HEX_MAX] = "", ago[HUMAN_MAX] = "-";
	struct pruning *p = arg;

	if (p->json) {
		print_json(p, im);
		return;
	}
	if (p->rows++ == 0)
		printf("%-*s  %-9s  %s\n", NAME_WIDTH, "IMAGE", "WHY", "LAST USED");
	if (im->has_digest)
		digest_hex(&im->digest, hex);
	if (im->tag[0] != '\0')
		snprintf(name, sizeof(name), "%s:%s", im->shown, im->tag);
	else
		snprintf(name, sizeof(name), "%s@%.12s", im->shown, hex);
	if (im->used_ms > 0)
		human_span(clock_wall_ms() - im->used_ms, ago);
	printf("%-*s  %-9s  %s%s\n", NAME_WIDTH, name, why(p, im), ago,
	       im->used_ms > 0 ? " ago" : "");
}

static void print_end(const struct pruning *p, const struct pruned *out)
{
	const struct collected *c = &out->content;
	char bytes[HUMAN_MAX];

	if (p->json) {
		printf("{\"images\":%" PRIu64 ",\"manifests\":%" PRIu64
		       ",\"blobs\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"held\":{\"local\":%" PRIu64 ",\"pinned\":%" PRIu64
		       ",\"locked\":%" PRIu64 ",\"listed\":%" PRIu64
		       "},\"recent\":%" PRIu64 ",\"unreadable\":%" PRIu64
		       ",\"stuck\":%" PRIu64 ",\"youngBytes\":%" PRIu64
		       ",\"dryRun\":%s}\n",
		       out->images, out->manifests, c->removed, c->removed_bytes,
		       out->held[RETIRE_LOCAL], out->held[RETIRE_PINNED],
		       out->held[RETIRE_LOCKED], out->held[RETIRE_LISTED], out->recent,
		       c->unreadable, c->stuck, c->young_bytes,
		       p->dry_run ? "true" : "false");
		return;
	}
	human_bytes(c->removed_bytes, bytes);
	printf("%s%" PRIu64 " image%s and %" PRIu64 " blob%s that nobody names: %s%s\n",
	       p->dry_run ? "would go: " : "", out->images, out->images == 1 ? "" : "s",
	       c->removed, c->removed == 1 ? "" : "s", bytes, p->dry_run ? "" : " freed");
	if (out->held[RETIRE_PINNED] + out->held[RETIRE_LOCKED] +
		    out->held[RETIRE_LISTED] >
	    0)
		printf("stay, though unused: %" PRIu64 " pinned, %" PRIu64
		       " locked, %" PRIu64 " on the list of larder.images\n",
		       out->held[RETIRE_PINNED], out->held[RETIRE_LOCKED],
		       out->held[RETIRE_LISTED]);
	if (out->recent > 0) {
		human_span(p->unused_ms, bytes);
		printf("stay, as they were used or came in the last %s: %" PRIu64
		       " (--filter until=... says otherwise)\n",
		       bytes, out->recent);
	}
	if (c->young_bytes > 0) {
		human_bytes(c->young_bytes, bytes);
		printf("%s that nobody names came or was asked for within the last "
		       "minute: "
		       "a later prune or collection frees it\n",
		       bytes);
	}
	if (c->unreadable > 0)
		printf("%" PRIu64 " manifest%s could not be read; all that %s "
		       "repositor%s link%s stays\n",
		       c->unreadable, c->unreadable == 1 ? "" : "s",
		       c->unreadable == 1 ? "its" : "their",
		       c->unreadable == 1 ? "y" : "ies", c->unreadable == 1 ? "s" : "");
}

/* --- the command --- */

static bool breathe(void *arg)
{
	return signalled == 0;
}

/* As docker does, where somebody is there to answer. */
static bool is_sure(const struct pruning *p)
{
	char answer[8];

	if ((!p->all && !p->keep) || p->dry_run || p->force || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr,
		"This takes out every %s and is neither pinned, locked nor "
		"listed.\nAre you sure? [y/N] ",
		p->all ? "mirrored image that has not been used lately"
		       : "tag that its rule of larder.keep does not keep");
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int prune_store(struct pruning *p, const struct settings *s, struct store *store,
		       struct pruned *out, struct err *e)
{
	struct retain_rule *rule = p->keep ? wire_keep(s->keep, s->n_keep) : NULL;
	struct prune_ask ask = { .all = p->all,
				 .rule = rule,
				 .nrules = p->keep ? s->n_keep : 0,
				 .local = p->local,
				 .unused_ms = p->unused_ms,
				 .grace_ms = s->grace_ms,
				 .dry_run = p->dry_run,
				 .want = want,
				 .image = print_row,
				 .breathe = breathe,
				 .arg = p };
	struct listed *listed;
	int rc = -1;

	ask.what.store = store;
	ask.what.plan = wire_store_plan(s, store, e);
	if (ask.what.plan == NULL) {
		free(rule);
		return -1;
	}
	listed = listed_load(s->images, ask.what.plan, p->envp, e);
	if (listed != NULL) {
		ask.what.is_listed = listed_has;
		ask.what.arg = listed;
		ask.what.usage = usage_reader_open(store);
		rc = prune_run(&ask, out, e);
		usage_reader_close(ask.what.usage);
		listed_free(listed);
	}
	plan_unref(ask.what.plan);
	free(rule);
	return rc;
}

static int prune(struct pruning *p, const struct settings *s, struct err *e)
{
	struct store *store = NULL;
	struct pruned out = { 0 };
	int rc;

	if (check(p, s, e) != 0)
		return EXIT_WRONG_USE;
	if (store_look(s->root, &store, e) != 0)
		return EXIT_FAILED;
	store_close(TAKE(store));
	if (!is_sure(p)) {
		err_set(e, ERR_CANCELLED, "nothing was removed");
		return EXIT_FAILED;
	}
	if (upstream_global_init(e) != 0)
		return EXIT_FAILED;
	rc = store_open(s->root, &store, e);
	if (rc == 0) {
		rc = prune_store(p, s, store, &out, e);
		print_end(p, &out);
	}
	store_close(store);
	upstream_global_done();
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_errno(e, "cannot write");
	if (rc != 0)
		return EXIT_FAILED;
	if (out.content.stuck == 0)
		return EXIT_DONE;
	err_set(e, ERR_IO,
		"%" PRIu64 " thing%s that nobody needs could not be removed: %s",
		out.content.stuck, out.content.stuck == 1 ? "" : "s",
		out.content.why.msg);
	return EXIT_PARTLY;
}

int cmd_prune(int argc, char **argv, char **envp)
{
	struct pruning p = { .envp = envp };
	const struct option row[] = {
		{ "all", 'a', OPTION_FLAG, &p.all, NULL,
		  "Also images with a tag, if they are mirrored and neither pinned "
		  "(larder.tags), locked (larder.lock) nor listed (larder.images).",
		  0, 0 },
		{ "filter", 0, OPTION_MANY, &p.filters, "until=WHEN",
		  "Only what was last used before that: a duration such as 240h, a day "
		  "or "
		  "a time (2026-11-01, 2026-11-01T06:30:00Z; without a zone UTC), or "
		  "seconds since 1970. Without it, 24h.",
		  0, 0 },
		{ "keep", 0, OPTION_FLAG, &p.keep, NULL,
		  "Also the tags that their rule of larder.keep does not keep, now and "
		  "not only before the next collection; with --dry-run to see what the "
		  "rules mean.",
		  0, 0 },
		{ "local", 0, OPTION_FLAG, &p.local, NULL,
		  "Also what lives here, as far as a PATTERN names it.", 0, 0 },
		{ "dry-run", 'n', OPTION_FLAG, &p.dry_run, NULL,
		  "Say what would go, and remove nothing.", 0, 0 },
		{ "force", 'f', OPTION_FLAG, &p.force, NULL,
		  "Do not ask whether that is meant, as --all and --keep do on a "
		  "terminal.",
		  0, 0 },
		{ "json", 0, OPTION_FLAG, &p.json, NULL,
		  "Print JSON: an object a line for each image, and one for all.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "prune",
		.operands = "[PATTERN...]",
		.about = "Removes mirrored manifests that no tag leads to and that have "
			 "not been used lately, then all content that nothing names; "
			 "with --all mirrored images, too. A PATTERN limits it to the "
			 "images it matches, like 'python:*' or 'quay.io/**'.\n"
			 "It works beside a larder that serves the same store: nothing "
			 "must be stopped, and what somebody is reading or pushing "
			 "stays.",
		.done = "removed, if there was anything to remove",
		.failed = "the store cannot be read or written, or it was stopped",
		.partly = "something could not be removed",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status;

	p.o = &o;
	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		lowly_after(); /* and all threads after it */
		log_setup(LOG_WARN, LOG_TEXT);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		status = prune(&p, s, &e);
		if (status != EXIT_DONE)
			fprintf(stderr, "larder prune: %s\n", e.msg);
	}
	options_done(&o);
	return status;
}
