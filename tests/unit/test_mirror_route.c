/* Names to upstreams: a closed world, and no two upstreams meet in the store. */
#include "unit.h"

#include "base/mem.h"
#include "route_try.h"

static void by_name(void **state)
{
	static const struct row rows[] = {
		{ "python", 0, "docker.io", "library/python", "library/python" },
		{ "library/python", 0, "docker.io", "library/python", "library/python" },
		{ "me/app", 0, "docker.io", "me/app", "me/app" },
		{ "docker.io/python", 0, "docker.io", "library/python",
		  "library/python" },
		{ "docker.io/me/app", 0, "docker.io", "me/app", "me/app" },
		{ "quay.io/a/b", 0, "quay.io", "quay.io/a/b", "a/b" },
		{ "quay.io/a", 0, "quay.io", "quay.io/a", "a" },
		{ "localhost_5000/a", 0, "localhost:5000", "localhost_5000/a", "a" },
		{ "reg.example_443/a", 0, "reg.example:443", "reg.example_443/a", "a" },
		{ "plain/a", 0, "plain", "plain/a", "a" },
		{ "plain/quay.io/a", 0, "plain", "plain/quay.io/a", "quay.io/a" },
		/* Only the first of several components is a host. */
		{ "me/quay.io/a", 0, "docker.io", "me/quay.io/a", "me/quay.io/a" },
		{ "plain", 0, "docker.io", "library/plain", "library/plain" },
		{ "quay.io", 0, "docker.io", "library/quay.io", "library/quay.io" },
		{ "localhost_5001/a", 0, "docker.io", "localhost_5001/a",
		  "localhost_5001/a" },
	};
	struct plan *p = usual();

	assert_rows(p, rows, ARRAY_LEN(rows));
	assert_none(p, "gcr.io/a/b", NULL, "gcr.io");
	assert_none(p, "reg.example_444/a", NULL, "reg.example_444");
	assert_none(p, "quay.io.evil/a", NULL, "quay.io.evil");
	plan_unref(p);
}

static void by_ns(void **state)
{
	static const struct row rows[] = {
		{ "python", "docker.io", "docker.io", "library/python",
		  "library/python" },
		{ "me/app", "docker.io", "docker.io", "me/app", "me/app" },
		{ "docker.io/python", "docker.io", "docker.io", "library/python",
		  "library/python" },
		{ "a/b", "quay.io", "quay.io", "quay.io/a/b", "a/b" },
		{ "a", "quay.io", "quay.io", "quay.io/a", "a" }, /* no library/ there */
		{ "quay.io/a/b", "quay.io", "quay.io", "quay.io/a/b", "a/b" },
		{ "a", "localhost:5000", "localhost:5000", "localhost_5000/a", "a" },
		{ "localhost_5000/a", "localhost:5000", "localhost:5000",
		  "localhost_5000/a", "a" },
		{ "quay.io/a", "plain", "plain", "plain/quay.io/a", "quay.io/a" },
	};
	struct plan *p = usual();

	assert_rows(p, rows, ARRAY_LEN(rows));
	assert_none(p, "a/b", "gcr.io", "gcr.io");
	assert_none(p, "a/b", "localhost", "localhost");
	plan_unref(p);
}

/* The default upstream has no prefix, so what it calls "quay.io/a" would be stored among
 * what quay.io provides, and be answered to those who want that. */
static void upstreams_do_not_meet_in_the_store(void **state)
{
	struct plan *p = usual();

	assert_none(p, "quay.io/a", "docker.io", "quay.io");
	assert_none(p, "docker.io/quay.io/a", NULL, "quay.io");
	assert_none(p, "docker.io/docker.io/library/a", NULL, "no name space");
	assert_none(p, "docker.io/docker.io/library/a", "docker.io", "no name space");
	assert_none(p, "docker.io/index.docker.io/a/b", NULL, "no name space");
	assert_none(p, "plain/a", "docker.io", "plain");
	assert_none(p, "docker.io/plain/a", NULL, "plain");
	assert_none(p, "localhost_5000/a", "docker.io", "localhost:5000");
	plan_unref(p);
}

static void local_names_are_never_looked_up(void **state)
{
	static const struct row rows[] = {
		{ "team/app", 0, NULL, "team/app", "team/app" },
		{ "team/app", "docker.io", NULL, "team/app", "team/app" },
		{ "docker.io/team/app", 0, NULL, "team/app", "team/app" },
		{ "team/app/sub", 0, "docker.io", "team/app/sub", "team/app/sub" },
		{ "quay.io/team/app", 0, "quay.io", "quay.io/team/app", "team/app" },
		{ "team/app", "quay.io", "quay.io", "quay.io/team/app", "team/app" },
		{ "quay.io/ours/x", 0, NULL, "quay.io/ours/x", "quay.io/ours/x" },
		{ "ours/x", "quay.io", NULL, "quay.io/ours/x", "quay.io/ours/x" },
		{ "base", 0, NULL, "library/base", "library/base" },
		{ "library/base", 0, NULL, "library/base", "library/base" },
		{ "gcr.io/ours/x/y", 0, NULL, "gcr.io/ours/x/y", "gcr.io/ours/x/y" },
	};
	struct plan *p = usual();

	plan_add_local(p, "team/*");
	plan_add_local(p, "*.io/ours/**");
	plan_add_local(p, "library/base");
	assert_rows(p, rows, ARRAY_LEN(rows));
	plan_unref(p);
}

static void without_a_default_names_live_here(void **state)
{
	static const struct row rows[] = {
		{ "python", 0, NULL, "python", "python" },
		{ "gcr.io/a/b", 0, NULL, "gcr.io/a/b", "gcr.io/a/b" },
		{ "quay.io/a", 0, "quay.io", "quay.io/a", "a" },
		{ "python", "docker.io", "docker.io", "docker.io/library/python",
		  "library/python" },
		{ "docker.io/python", 0, "docker.io", "docker.io/library/python",
		  "library/python" },
	};
	struct plan *p = plan_new();
	static const struct row all[] = { { "quay.io/a", 0, NULL, "quay.io/a",
					    "quay.io/a" } };

	assert_rows(p, all, 1);
	add(p, "quay.io", false);
	add(p, "docker.io", false);
	assert_rows(p, rows, ARRAY_LEN(rows));
	plan_unref(p);
}

/* A default that is not Docker Hub: nothing is added, and a dot is nothing special. */
static void another_default(void **state)
{
	static const struct row rows[] = {
		{ "python", 0, "reg.example", "python", "python" },
		{ "gcr.io/a", 0, "reg.example", "gcr.io/a", "gcr.io/a" },
		{ "reg.example/a", 0, "reg.example", "a", "a" },
		{ "docker.io/python", 0, "docker.io", "docker.io/library/python",
		  "library/python" },
	};
	struct plan *p = plan_new();

	add(p, "reg.example", true);
	add(p, "docker.io", true); /* the first wins */
	assert_rows(p, rows, ARRAY_LEN(rows));
	plan_unref(p);
}

static void names_at_the_limit(void **state)
{
	char *longest = unit_repeat('n', NAME_MAX_BYTES);
	struct plan *p = usual();
	struct err e = { 0 };
	struct route r;

	longest[1] = '/';
	assert_int_equal(find(p, longest, NULL, &r, &e), 0);
	assert_string_equal(r.remote.s, longest);
	route_done(&r);
	longest[1] = 'n';
	assert_err(find(p, longest, NULL, &r, &e), e, ERR_INVALID); /* library/ */
	longest[NAME_MAX_BYTES - 8] = '\0';
	assert_int_equal(find(p, longest, NULL, &r, &e), 0);
	assert_int_equal(strlen(r.name.s), NAME_MAX_BYTES);
	route_done(&r);
	longest[NAME_MAX_BYTES - 8] = 'n';
	assert_err(find(p, longest, "quay.io", &r, &e), e, ERR_INVALID);
	longest[NAME_MAX_BYTES - 8] = '\0'; /* "quay.io/" has eight as well */
	assert_int_equal(find(p, longest, "quay.io", &r, &e), 0);
	assert_string_equal(r.remote.s, longest);
	route_done(&r);
	plan_unref(p);
	test_free(longest);
}

static void sites_that_cannot_be(void **state)
{
	struct plan *p = usual();
	struct upstream *u = up("quay.io");
	struct err e = { 0 };

	assert_err(plan_add_site(p, u, false, hourly, &e), e, ERR_INVALID);
	upstream_unref(u); /* still ours */
	u = up("[::1]:5000");
	assert_err(plan_add_site(p, u, false, hourly, &e), e, ERR_INVALID);
	upstream_unref(u);
	assert_int_equal(p->nsites, 5);
	plan_unref(p);
	p = plan_new();
	add(p, "[::1]:5000", true); /* as the default it needs no name */
	plan_unref(p);
	plan_unref(NULL);
}

static void policies(void **state)
{
	struct plan *p = usual();
	struct err e;
	struct route r;

	plan_add_tags(p, "docker.io/library/*:3.11-*",
		      (struct tag_policy){ TAG_PINNED, 0 });
	plan_add_tags(p, "docker.io/**:latest", (struct tag_policy){ TAG_ALWAYS, 0 });
	plan_add_tags(p, "docker.io/library/python", (struct tag_policy){ TAG_AGE, 5 });
	assert_int_equal(find(p, "python", NULL, &r, &e), 0);
	assert_int_equal(route_tag_policy(&r, "3.11-slim").rule, TAG_PINNED);
	assert_int_equal(route_tag_policy(&r, "latest").rule, TAG_ALWAYS);
	assert_int_equal(route_tag_policy(&r, "3.12").age_ms, 5);
	route_done(&r);
	assert_int_equal(find(p, "me/app", NULL, &r, &e), 0);
	assert_int_equal(route_tag_policy(&r, "3.11-slim").age_ms, 3600000);
	assert_int_equal(route_tag_policy(&r, "latest").rule, TAG_ALWAYS);
	route_done(&r);
	assert_int_equal(find(p, "quay.io/a", NULL, &r, &e), 0);
	assert_int_equal(route_tag_policy(&r, "latest").rule, TAG_AGE);
	route_done(&r);
	plan_unref(p);
}

/* A plan that was replaced lives as long as a route of it. */
static void plans_are_counted(void **state)
{
	struct plan *p = usual();
	struct route r, copy;
	struct err e;

	assert_int_equal(find(p, "python", NULL, &r, &e), 0);
	plan_unref(p);
	route_copy(&copy, &r);
	route_done(&r);
	assert_string_equal(copy.site->host, "docker.io");
	assert_string_equal(copy.plan->site[1].host, "quay.io");
	route_done(&copy);
}

/* Nothing is stored under a name that begins with a date; another larder's are names like
 * any, below its host. */
static void dates(void **state)
{
	static const char *const no[] = { "asof-2026-11-01/library/python",
					  "asof-2026-11-01/team/x", "asof-1/x",
					  "asof-2026-11-01" };
	static const struct row rows[] = {
		{ "localhost_5000/asof-2026-11-01/x", NULL, "localhost:5000",
		  "localhost_5000/asof-2026-11-01/x", "asof-2026-11-01/x" },
		{ "asof-2026-11-01/x", "localhost:5000", "localhost:5000",
		  "localhost_5000/asof-2026-11-01/x", "asof-2026-11-01/x" },
		{ "asof-tools/x", NULL, "docker.io", "asof-tools/x", "asof-tools/x" },
	};
	struct plan *p = usual(), *alone = plan_new();
	struct route r;
	struct err e = { 0 };
	size_t i;

	plan_add_local(p, "asof-2026-11-01/team/**");
	for (i = 0; i < ARRAY_LEN(no); i++) {
		if (i < 3)
			assert_err(find(p, no[i], NULL, &r, &e), e, ERR_INVALID);
		assert_err(find(alone, no[i], NULL, &r, &e), e, ERR_INVALID);
	}
	assert_err(find(p, no[0], "docker.io", &r, &e), e, ERR_INVALID);
	assert_rows(p, rows, ARRAY_LEN(rows));
	plan_unref(p);
	plan_unref(alone);
}

/* From the store back to what people write, and only where that leads there again. */
static void back_from_the_store(void **state)
{
	static const struct {
		const char *stored, *shown; /* NULL: no name leads there */
	} rows_back[] = {
		{ "library/python", "python" },
		{ "library/a/b", "library/a/b" },
		{ "grafana/grafana", "grafana/grafana" },
		{ "quay.io/x/y", "quay.io/x/y" },
		{ "localhost_5000/x", "localhost:5000/x" },
		{ "team/x", "team/x" },
		{ "python", NULL },
		{ "gcr.io/x", NULL },
	};
	struct plan *p = usual();
	char shown[ROUTE_SHOWN_MAX];
	struct reponame name;
	struct route r;
	size_t i;

	plan_add_local(p, "team/**");
	for (i = 0; i < ARRAY_LEN(rows_back); i++) {
		struct err e = { 0 };
		int rc;

		assert_int_equal(reponame_parse(view_of(rows_back[i].stored), &name, &e),
				 0);
		rc = route_stored(p, &name, &r, &e);
		if (rows_back[i].shown == NULL) {
			assert_err(rc, e, ERR_NOT_FOUND);
			continue;
		}
		assert_int_equal(rc, 0);
		route_shown(&r, shown);
		assert_string_equal(shown, rows_back[i].shown);
		route_done(&r);
	}
	assert_int_equal(atomic_load(&p->refs), 1);
	plan_unref(p);
}

/* By the name at its registry, however the repository was asked for. */
static void locks(void **state)
{
	static const char text[] =
		"larder-lock 1\n"
		"alpine:1\n digest sha256:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"own/x:1\n digest sha256:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"localhost:5000/alpine:2\n digest sha256:"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n";
	static const struct {
		const char *name, *ns, *tag;
		bool locked;
	} rows[] = {
		{ "library/alpine", NULL, "1", true },
		{ "alpine", NULL, "1", true },
		{ "docker.io/alpine", NULL, "1", true },
		{ "docker.io/library/alpine", NULL, "1", true },
		{ "alpine", "docker.io", "1", true },
		{ "library/alpine", NULL, "2", false },
		{ "quay.io/library/alpine", NULL, "1", false },
		{ "localhost_5000/alpine", NULL, "2", true },
		{ "alpine", "localhost:5000", "2", true },
		{ "alpine", "localhost:5000", "1", false },
		{ "own/x", NULL, "1", false }, /* it lives here */
	};
	struct plan *p = usual();
	struct lockfile l, more;
	struct digest a, b;
	struct route r;
	struct err e;
	size_t i;

	plan_add_local(p, "own/**");
	assert_int_equal(find(p, "alpine", NULL, &r, &e), 0);
	assert_null(route_lock(&r, "1"));
	route_done(&r);
	assert_int_equal(lockfile_parse(VIEW(text), &l, &e), 0);
	a = l.entry[0]->image.digest;
	b = l.entry[2]->image.digest;
	plan_set_lock(p, &l);
	assert_int_equal(l.n, 0);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(find(p, rows[i].name, rows[i].ns, &r, &e), 0);
		assert_int_equal(route_lock(&r, rows[i].tag) != NULL, rows[i].locked);
		route_done(&r);
	}
	assert_int_equal(find(p, "alpine", NULL, &r, &e), 0);
	assert_true(route_locks(&r, &a));
	assert_false(route_locks(&r, &b));
	/* Another list counts before it. */
	assert_int_equal(lockfile_parse(VIEW("larder-lock 1\nalpine:1\n digest sha256:"
					     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
					     "bbbbbbbbbbbbbbbbbbbbb\n"),
					&more, &e),
			 0);
	assert_int_equal(plan_add_lock(p, &more, &e), 0);
	assert_true(route_locks(&r, &b));
	assert_false(route_locks(&r, &a));
	route_done(&r);
	lockfile_done(&more);
	plan_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_ns),
		cmocka_unit_test(upstreams_do_not_meet_in_the_store),
		cmocka_unit_test(local_names_are_never_looked_up),
		cmocka_unit_test(without_a_default_names_live_here),
		cmocka_unit_test(another_default),
		cmocka_unit_test(names_at_the_limit),
		cmocka_unit_test(sites_that_cannot_be),
		cmocka_unit_test(policies),
		cmocka_unit_test(plans_are_counted),
		cmocka_unit_test(dates),
		cmocka_unit_test(back_from_the_store),
		cmocka_unit_test(locks),
	};

	return cmocka_run_group_tests_name("mirror/route", tests, NULL, NULL);
}
