/*
 * cmd_list.c - `larder list`: the images of a store, or of another larder.
 */
#include "app/cmd_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mirror/imagepattern.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/rows.h"
#include "app/wire.h"
#include "base/human.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/inventory.h"
#include "mirror/inventory_json.h"
#include "oci/pattern.h"
#include "store/usage.h"
#include "upstream/upstream.h"

struct listing {
	const struct options *o;
	bool json, digests, all;
	const char *sort, *server;
	struct rows *rows;    /* NULL: printed as they come */
	uint64_t images;      /* listed */
	uint64_t named_bytes; /* of each image, added up */
	int64_t unique_bytes; /* of all listed, each blob once; -1: not known */
};

/* --- what is wanted --- */

static bool want(void *arg, const char *shown, const char *tag)
{
	const struct listing *l = arg;

	return imagepattern_match(l->o->operand, l->o->n_operands, shown, tag, false);
}

static int check_wishes(const struct listing *l, enum rows_order *order, struct err *e)
{
	static const char *const words[] = { "name", "size", "used" };
	size_t i;

	for (i = 0; i < l->o->n_operands; i++)
		if (pattern_check(l->o->operand[i], e) != 0)
			return err_add(e, "pattern \"%.100s\"", l->o->operand[i]);
	*order = ROWS_BY_NAME;
	if (l->sort == NULL)
		return 0;
	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(l->sort, words[i]) == 0) {
			*order = (enum rows_order)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "--sort: \"%.40s\" is none of name, size, used",
		       l->sort);
}

/* --- rows --- */

static int take(void *arg, const struct inventory_row *r, struct err *e)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(INVENTORY_JSON_MAX);
	struct listing *l = arg;

	l->images++;
	l->named_bytes += r->bytes;
	if (l->rows != NULL)
		return rows_add(l->rows, r, e);
	if (inventory_json_write(&line, r) != 0)
		return err_set(e, ERR_LIMIT, "%s: too long to print", r->shown);
	if (fwrite(line.p, 1, line.n, stdout) != line.n)
		return err_errno(e, "cannot write");
	return 0;
}

static int list_store(struct listing *l, const struct settings *s, struct err *e)
{
	CLEANUP(shares_freep)
	struct shares *shares = shares_new();
	struct inventory_ask ask = { .all = l->all, .want = want, .want_arg = l };
	struct store *store = NULL;
	inventory_place next;
	int rc = -1;

	if (store_look(s->root, &store, e) != 0)
		return -1;
	ask.store = store;
	ask.plan = wire_store_plan(s, store, e);
	if (ask.plan != NULL && inventory_count(&ask, shares, e) == 0) {
		ask.usage = usage_reader_open(store);
		rc = inventory_list(&ask, shares, "", SIZE_MAX, take, l, next, e);
		usage_reader_close(ask.usage);
	}
	if (!shares_unknown(shares))
		l->unique_bytes = (int64_t)shares_seen_bytes(shares);
	plan_unref(ask.plan);
	store_close(store);
	return rc;
}

static int take_line(void *arg, struct view line, struct err *e)
{
	struct listing *l = arg;
	struct inventory_row row;

	if (inventory_json_read(line, &row, e) != 0)
		return -1;
	return want(l, row.shown, row.tag) ? take(l, &row, e) : 0;
}

static void take_total(void *arg, const struct plain *page)
{
	struct listing *l = arg;
	struct view v = transport_header(&page->head, "Larder-Unique-Bytes", 0);
	char text[32];

	if (l->o->n_operands > 0 || v.n == 0 || v.n >= sizeof(text))
		return;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	if (sscanf(text, "%" SCNd64, &l->unique_bytes) != 1)
		l->unique_bytes = -1;
}

static int list_server(struct listing *l, const struct settings *s, struct err *e)
{
	const struct remote_list pages = { take_line, take_total, l };
	struct remote r;
	int rc = remote_open(&r, s, l->server, false, REMOTE_ASK_MS, e);

	if (rc == 0)
		rc = remote_list(&r,
				 l->all ? "/larder/v1/images?n=500&all=1"
					: "/larder/v1/images?n=500",
				 &pages, e);
	remote_close(&r);
	return rc;
}

/* --- the command --- */

static void print_total(const struct listing *l)
{
	char size[HUMAN_MAX];

	human_bytes(l->unique_bytes >= 0 ? (uint64_t)l->unique_bytes : l->named_bytes,
		    size);
	printf("%" PRIu64 " image%s, %s%s\n", l->images, l->images == 1 ? "" : "s", size,
	       l->unique_bytes >= 0 ? " on disk" : " added up, shared bytes each time");
}

static int list(struct listing *l, const struct settings *s, struct err *e)
{
	enum rows_order order;
	int rc;

	if (check_wishes(l, &order, e) != 0)
		return EXIT_WRONG_USE;
	if (!l->json || l->sort != NULL)
		l->rows = rows_new(l->json, l->digests);
	if (upstream_global_init(e) != 0)
		return EXIT_FAILED;
	rc = l->server != NULL ? list_server(l, s, e) : list_store(l, s, e);
	upstream_global_done();
	if (rc != 0)
		return e->kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
	if (l->rows != NULL) {
		rows_sort(l->rows, order);
		rows_print(l->rows, stdout);
	}
	if (!l->json)
		print_total(l);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		err_errno(e, "cannot write");
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int cmd_list(int argc, char **argv, char **envp)
{
	struct listing l = { .unique_bytes = -1 };
	const struct option row[] = {
		{ "all", 'a', OPTION_FLAG, &l.all, NULL, "Manifests without a tag, too.",
		  0, 0 },
		{ "digests", 0, OPTION_FLAG, &l.digests, NULL, "Digests in full.", 0, 0 },
		{ "json", 0, OPTION_FLAG, &l.json, NULL,
		  "Print JSON: an object a line for each image, sizes in bytes.", 0, 0 },
		{ "sort", 0, OPTION_TEXT, &l.sort, "name|size|used",
		  "By name, largest first, or last used first.", 0, 0 },
		{ "server", 0, OPTION_TEXT, &l.server, "URL",
		  "Ask the larder at this URL instead of looking into a store.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = row,
		.name = "list",
		.operands = "[PATTERN...]",
		.about = "Lists the images of a store: what there is of each, how much "
			 "of it another has too, when it was last used, and whether it "
			 "is fresh. A PATTERN is one over names, like 'python*' or "
			 "'quay.io/**:v1.*'.",
		.done = "listed, if there was anything to list",
		.failed = "the store cannot be read, or the larder asked did not answer",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e = { 0 };
	int status;

	l.o = &o;
	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		log_setup(LOG_ERROR, LOG_TEXT);
		status = list(&l, s, &e);
		if (status != EXIT_DONE)
			fprintf(stderr, "larder list: %s\n", e.msg);
	}
	rows_free(l.rows);
	options_done(&o);
	return status;
}
