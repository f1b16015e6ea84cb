/* Names that are asked of mirrors, and names in a place without upstreams. */
#include <stdio.h>

#include "route_try.h"

/* It may be a mirror of the others, too, and go by the first component. */
static void what_a_mirror_could_take_for_another(void **state)
{
	static const char *const names[] = { "docker.io/library/a",
					     "index.docker.io/library/a",
					     "mirrored.io/x/a",
					     "localhost_5000/a",
					     "plain/a",
					     "asof-2024-01-01/x/a",
					     "ghcr.io/x/a" };
	static const struct row rows[] = {
		{ "x/a", "mirrored.io", "mirrored.io", "mirrored.io/x/a", "x/a" },
		{ "google.com/x/a", "mirrored.io", "mirrored.io",
		  "mirrored.io/google.com/x/a", "google.com/x/a" },
		{ "docker.io", "mirrored.io", "mirrored.io", "mirrored.io/docker.io",
		  "docker.io" },
		{ "x/docker.io/a", "mirrored.io", "mirrored.io",
		  "mirrored.io/x/docker.io/a", "x/docker.io/a" },
		/* The registry itself knows what it means. */
		{ "ghcr.io/x/a", "quay.io", "quay.io", "quay.io/ghcr.io/x/a",
		  "ghcr.io/x/a" },
	};
	struct upstream_conf conf = { .host = "mirrored.io",
				      .url = "http://127.0.0.1:1",
				      .is_mirror = true };
	struct plan *p = usual();
	struct err e;
	char name[64];
	size_t i;

	assert_int_equal(plan_add_site(p, upstream_new(&conf, &e), false, hourly, &e), 0);
	assert_rows(p, rows, ARRAY_LEN(rows));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(name, sizeof(name), "mirrored.io/%s", names[i]);
		assert_none(p, name, NULL, "in front");
		assert_none(p, name, "mirrored.io", "in front");
	}
	plan_unref(p);
}

/* A place for each registry's copies, and none is another's. */
static void without_upstreams_all_live_here(void **state)
{
	static const struct row rows[] = {
		{ "library/a", "docker.io", NULL, "library/a", "library/a" },
		{ "x/a", "quay.io", NULL, "quay.io/x/a", "quay.io/x/a" },
		{ "quay.io/x/a", "quay.io", NULL, "quay.io/x/a", "quay.io/x/a" },
		/* its own, whoever calls it so */
		{ "x/a", "reg.example:5000", NULL, "x/a", "x/a" },
		{ "a", "[::1]:5000", NULL, "a", "a" },
	};
	struct plan *p = plan_new();

	assert_rows(p, rows, ARRAY_LEN(rows));
	assert_none(p, "quay.io/x/a", "docker.io", "no name space");
	plan_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_mirror_could_take_for_another),
		cmocka_unit_test(without_upstreams_all_live_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
