/* A plan, and what names lead to in it. */
#ifndef LARDER_TESTS_ROUTE_TRY_H
#define LARDER_TESTS_ROUTE_TRY_H

#include "unit.h"

#include "base/mem.h"
#include "mirror/route.h"

static const struct tag_policy hourly = { TAG_AGE, 3600000 };

static struct upstream *up(const char *host)
{
	struct upstream_conf conf = { .host = host, .url = "http://127.0.0.1:1" };
	struct upstream *u;
	struct err e;

	u = upstream_new(&conf, &e);
	assert_non_null(u);
	return u;
}

static void add(struct plan *p, const char *host, bool is_default)
{
	struct err e;

	assert_int_equal(plan_add_site(p, up(host), is_default, hourly, &e), 0);
}

/* Docker Hub first, and registries with a dot, a port, both, and neither. */
static struct plan *usual(void)
{
	struct plan *p = plan_new();

	add(p, "docker.io", true);
	add(p, "quay.io", false);
	add(p, "localhost:5000", false);
	add(p, "reg.example:443", false);
	add(p, "plain", false);
	return p;
}

static int find(struct plan *p, const char *name, const char *ns, struct route *out,
		struct err *e)
{
	struct reponame parsed;

	assert_int_equal(reponame_parse(view_of(name), &parsed, e), 0);
	return route_find(p, &parsed, ns, out, e);
}

struct row {
	const char *name, *ns;
	const char *host; /* NULL: local */
	const char *stored, *remote;
};

static void assert_rows(struct plan *p, const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct err e = { 0 };
		struct route r;

		if (find(p, rows[i].name, rows[i].ns, &r, &e) != 0)
			fail_msg("%s: %s", rows[i].name, e.msg);
		assert_ptr_equal(r.plan, p);
		if (rows[i].host == NULL)
			assert_null(r.site);
		else
			assert_string_equal(r.site->host, rows[i].host);
		assert_string_equal(r.name.s, rows[i].stored);
		assert_string_equal(r.remote.s, rows[i].remote);
		route_done(&r);
		assert_null(r.plan);
	}
}

static void assert_none(struct plan *p, const char *name, const char *ns,
			const char *names)
{
	struct err e = { 0 };
	struct route r;

	assert_int_equal(find(p, name, ns, &r, &e), -1);
	assert_non_null(strstr(e.msg, names));
	assert_err(-1, e, ERR_NOT_FOUND);
}

#endif
