/* mirror/drift: what is known of locked tags that have moved, said once for each place.
 */
#include <stdio.h>

#include "unit.h"

#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/drift.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static struct digest digest(const char *text)
{
	struct digest d;

	assert_int_equal(digest_parse(view_of(text), &d, NULL), 0);
	return d;
}

static struct plan *plan_with(const char *lock)
{
	struct upstream_conf conf = { .host = "docker.io", .url = "http://127.0.0.1:1" };
	struct plan *p = plan_new();
	struct lockfile l;
	struct err e = { 0 };

	assert_int_equal(plan_add_site(p, upstream_new(&conf, &e), true,
				       (struct tag_policy){ TAG_ALWAYS, 0 }, &e),
			 0);
	if (lock != NULL) {
		if (lockfile_parse(view_of(lock), &l, &e) != 0)
			fail_msg("%s", e.msg);
		plan_set_lock(p, &l);
	}
	return p;
}

static struct route route_to(struct plan *p, const char *name)
{
	struct reponame parsed;
	struct route r;

	assert_int_equal(reponame_parse(view_of(name), &parsed, NULL), 0);
	assert_int_equal(route_find(p, &parsed, NULL, &r, NULL), 0);
	return r;
}

static int64_t metric(const char *name)
{
	int64_t n = 0;

	metrics_sum(name, "upstream", "docker.io", NULL, NULL, &n);
	return n;
}

static const char lock_a[] = "larder-lock 1\nalpine:1\n digest " A
			     "\nalpine:2\n digest " A "\n";

static void a_tag_moves_and_comes_back(void **state)
{
	struct plan *p = plan_with(lock_a);
	struct drifts *d = drifts_new();
	struct route r = route_to(p, "library/alpine");
	struct digest a = digest(A), b = digest(B), c = digest(C);
	struct drift x;
	int64_t seen = metric("larder_lock_drift_total"), since;

	drifts_adopt(d, p);
	assert_false(drift_get(d, &r, "1", &x));
	drift_note(d, &r, "1", false, &a);
	assert_false(drift_get(d, &r, "1", &x));
	drift_note(d, &r, "1", false, &b);
	assert_true(drift_get(d, &r, "1", &x));
	assert_int_equal(x.kind, DRIFT_MOVED);
	assert_true(digest_equal(&x.found, &b) && digest_equal(&x.image.digest, &a));
	since = x.since_ms;
	drift_note(d, &r, "1", false, &b);
	assert_true(drift_get(d, &r, "1", &x));
	assert_int_equal(x.since_ms, since);
	assert_int_equal(metric("larder_lock_drift_total"), seen + 1);
	assert_int_equal(metric("larder_lock_drifted"), 1);
	drift_note(d, &r, "1", false, &c);
	drift_note(d, &r, "1", true, NULL);
	assert_true(drift_get(d, &r, "1", &x));
	assert_int_equal(x.kind, DRIFT_GONE);
	drift_note(d, &r, "2", false, &b);
	assert_int_equal(metric("larder_lock_drift_total"), seen + 4);
	assert_int_equal(metric("larder_lock_drifted"), 2);
	/* It does not say: that is neither drift nor its end for good. */
	drift_note(d, &r, "2", false, NULL);
	assert_true(drift_get(d, &r, "2", &x));
	assert_int_equal(x.kind, DRIFT_UNKNOWN);
	assert_int_equal(metric("larder_lock_drifted"), 1);
	drift_note(d, &r, "1", false, &a);
	assert_false(drift_get(d, &r, "1", &x));
	assert_int_equal(metric("larder_lock_drifted"), 0);
	/* What is not locked is none of its business. */
	drift_note(d, &r, "3", false, &b);
	assert_false(drift_get(d, &r, "3", &x));
	assert_int_equal(metric("larder_lock_drifted"), 0);
	route_done(&r);
	drifts_free(d);
	plan_unref(p);
}

static void another_plan(void **state)
{
	struct plan *p = plan_with(lock_a);
	struct plan *moved = plan_with("larder-lock 1\nalpine:1\n digest " B
				       "\nalpine:2\n digest " A "\n");
	struct plan *none = plan_with(NULL);
	struct drifts *d = drifts_new();
	struct route r = route_to(p, "library/alpine");
	struct route now = route_to(moved, "library/alpine");
	struct digest b = digest(B), c = digest(C);
	struct drift x;

	drifts_adopt(d, p);
	drift_note(d, &r, "1", false, &b);
	drift_note(d, &r, "2", false, &b);
	drifts_adopt(d, moved); /* 1 is locked to b now */
	assert_int_equal(metric("larder_lock_drifted"), 1);
	assert_false(drift_get(d, &now, "1", &x));
	assert_true(drift_get(d, &now, "2", &x));
	/* An answer that was asked for by the old plan comes late. */
	drift_note(d, &r, "1", false, &c);
	assert_false(drift_get(d, &now, "1", &x));
	assert_int_equal(metric("larder_lock_drifted"), 1);
	drifts_adopt(d, none);
	assert_int_equal(metric("larder_lock_drifted"), 0);
	route_done(&r);
	route_done(&now);
	drifts_free(d);
	drifts_free(NULL);
	plan_unref(p);
	plan_unref(moved);
	plan_unref(none);
}

/* As many as are shown, and the number of all. */
static void as_json(void **state)
{
	struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	struct plan *none = plan_with(NULL), *p;
	struct drifts *d = drifts_new();
	struct digest b = digest(B);
	const char *at;
	struct route r;
	int i, n = 0;

	assert_int_equal(drifts_json(d, none, &out), 0);
	assert_string_equal(buf_str(&out), "null");
	buf_adds(&text, "larder-lock 1\n");
	for (i = 0; i <= DRIFT_SHOWN; i++)
		buf_addf(&text, "alpine:%d\n digest " A "\n", i);
	p = plan_with(buf_str(&text));
	r = route_to(p, "library/alpine");
	drifts_adopt(d, p);
	for (i = 0; i <= DRIFT_SHOWN; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "%d", i);
		drift_note(d, &r, tag, false, &b);
	}
	buf_clear(&out);
	assert_int_equal(drifts_json(d, p, &out), 0);
	assert_non_null(strstr(buf_str(&out), "{\"entries\":101,\"drifted\":101,"));
	for (at = buf_str(&out); (at = strstr(at, "\"image\"")) != NULL; at++)
		n++;
	assert_int_equal(n, DRIFT_SHOWN);
	out.limit = out.n + 10;
	assert_int_equal(drifts_json(d, p, &out), -1);
	route_done(&r);
	drifts_free(d);
	plan_unref(p);
	plan_unref(none);
	buf_done(&text);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_moves_and_comes_back),
		cmocka_unit_test(another_plan),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
