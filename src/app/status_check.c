/*
 * status_check.c - checks, and what is said of those that fail. No state.
 */
#include "app/status_check.h"

#include <stdio.h>

#include "app/wire.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "codec/json.h"
#include "mirror/kept.h"
#include "mirror/sites.h"

#define CHECK_MS 20000

/* checks: an array of {"host", "error"}. */
static unsigned say_failures(const struct json *checks)
{
	unsigned failed = 0;
	size_t i;

	if (json_len(checks) == 0)
		fprintf(stderr, "larder status: no upstream here tells what is left "
				"without a pull; Docker Hub does\n");
	for (i = 0; i < json_len(checks); i++) {
		const struct json *one = json_at(checks, i);
		const char *error = json_get_str(one, "error");

		if (error == NULL)
			continue;
		fprintf(stderr, "larder status: ");
		human_print(stderr, error);
		fprintf(stderr, "\n");
		failed++;
	}
	return failed;
}

static int check_here(struct plan *p, struct kept *k, unsigned *failed, struct err *e)
{
	CLEANUP(buf_done)
	struct buf found = BUF_INIT(1u << 20);
	CLEANUP(json_freep)
	struct json *checks = NULL;

	if (sites_check(p, clock_mono_ms() + CHECK_MS, &found, failed) != 0)
		return err_set(e, ERR_LIMIT, "there are too many upstreams to check");
	kept_due(k);
	checks = json_parse(buf_view(&found), NULL);
	say_failures(checks);
	return 0;
}

int status_check_kept(const struct settings *s, struct store *store, bool check,
		      struct buf *out, unsigned *failed, struct err *e)
{
	struct plan *p = wire_store_plan(s, store, e);
	struct kept *k;
	int rc = 0;

	*failed = 0;
	if (p == NULL)
		return -1;
	k = kept_new(store, p);
	kept_look_now(k);
	if (check)
		rc = check_here(p, k, failed, e);
	if (rc == 0 && sites_json(p, out) != 0)
		rc = err_set(e, ERR_LIMIT, "there are too many upstreams to list");
	kept_free(k);
	plan_unref(p);
	return rc;
}

int status_check_remote(struct remote *r, unsigned *failed, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct plain page = { 0 };

	if (remote_post(r, "/larder/v1/check", &page, e) != 0)
		return -1;
	doc = json_parse(buf_view(&page.body), NULL);
	*failed = say_failures(json_get(doc, "checks"));
	plain_done(&page);
	return 0;
}
