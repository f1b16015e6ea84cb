/* buildkitd.toml: a block at the end, unless somebody has the same tables. */
#include "clients_try.h"

#define BEGIN                                                                            \
	"# begin larder (written by \"larder setup buildkit\"; --undo takes it out)\n"
#define END "# end larder\n"
#define BLOCK                                                                            \
	BEGIN "[registry.\"docker.io\"]\n  mirrors = [\"127.0.0.1:5000\"]\n"             \
	      "[registry.\"127.0.0.1:5000\"]\n  http = true\n" END

static const struct client *c = &buildkit_client;

static void alone_and_beside(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");

	try_both(c, &w, "", BLOCK);
	try_both(c, &w, "debug = true\n[registry]\n[registry.\"example.com\"]\n",
		 "debug = true\n[registry]\n[registry.\"example.com\"]\n" BLOCK);
	try_add(c, &w, "[worker.oci]\n  gc = true", "[worker.oci]\n  gc = true\n" BLOCK);
	try_add(c, &w, BEGIN END "[x]\n", BLOCK "[x]\n");
}

static void tls(void **state)
{
	struct wish w = TRY_WISH("https://larder.lan", "docker.io");
	struct wish here = TRY_WISH("https://localhost:5000", "docker.io");

	try_add(c, &w, "",
		BEGIN "[registry.\"docker.io\"]\n  mirrors = [\"larder.lan\"]\n" END);
	assert_int_equal(wish_ca(&w, "/ca.pem", NULL), 0);
	try_add(c, &w, "",
		BEGIN "[registry.\"docker.io\"]\n  mirrors = [\"larder.lan\"]\n"
		      "[registry.\"larder.lan\"]\n  ca = [\"/ca.pem\"]\n" END);
	try_add(c, &here, "",
		BEGIN "[registry.\"docker.io\"]\n  mirrors = [\"localhost:5000\"]\n"
		      "[registry.\"localhost:5000\"]\n  http = false\n" END);
}

static void refused(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");

	try_refused(c, &w, "\n[registry.\"docker.io\"]\n",
		    "line 2: there is a [registry.");
	try_refused(c, &w, "[registry.'127.0.0.1:5000']\n", "line 1: there is");
	try_refused(c, &w, "[registry.\"docker.io\".x]\n", "line 1: there is");
	try_refused(c, &w, "registry = {}\n", "line 1: what is under");
	try_refused(c, &w, "registry.\"x\".http = true\n", "line 1: what is under");
	try_refused(c, &w, "[registry]\n\"docker.io\".http = true\n", "line 2: what is");
	try_refused(c, &w, "[registry]\nx = {}\n", "line 2: what is under");
	try_refused(c, &w, "[[registry]]\n", "line 1: what is under");
	try_refused(c, &w, "a = [1,\n", "line 1, column 5: a bracket");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_and_beside),
		cmocka_unit_test(tls),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
