/* The drop-in of registries.conf, and other files that would exclude it. */
#include "clients_try.h"

#define BEGIN "# begin larder (written by \"larder setup podman\"; --undo takes it out)\n"
#define END "# end larder\n"
#define BLOCK                                                                            \
	BEGIN "[[registry]]\nlocation = \"docker.io\"\n"                                 \
	      "[[registry.mirror]]\nlocation = \"127.0.0.1:5000/docker.io\"\n"           \
	      "insecure = true\n\n"                                                      \
	      "[[registry]]\nlocation = \"ghcr.io\"\n"                                   \
	      "[[registry.mirror]]\nlocation = \"127.0.0.1:5000/ghcr.io\"\n"             \
	      "insecure = true\n" END

static const struct client *c = &podman_client;

static void alone_and_beside(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io", "ghcr.io");
	const char *theirs = "[[registry]]\nprefix = \"example.com\"\n"
			     "location = \"ghcr.io\"\n";
	CLEANUP(mem_freep)
	char *both = mem_fmt("%s%s", theirs, BLOCK);

	try_both(c, &w, "", BLOCK);
	try_both(c, &w, theirs, both);
	try_add(c, &w, BEGIN "[[registry]]\nlocation = \"docker.io\"\n" END "# behind\n",
		BLOCK "# behind\n");
}

static void tls(void **state)
{
	struct wish w = TRY_WISH("https://larder.lan", "quay.io");

	try_add(c, &w, "",
		BEGIN "[[registry]]\nlocation = \"quay.io\"\n"
		      "[[registry.mirror]]\nlocation = \"larder.lan/quay.io\"\n" END);
}

static void refused(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io", "ghcr.io");

	try_refused(c, &w, "[[registry]]\nlocation = \"ghcr.io\"\n", "line 1");
	try_refused(c, &w,
		    "[[registry]]\nlocation = \"x\"\n[[registry]]\n"
		    "location = 'y'\nprefix = 'docker.io'\n[other]\n",
		    "line 3: there is a [[registry]] for docker.io");
	try_refused(c, &w, "registry = []\n", "line 1: \"registry\"");
	try_refused(c, &w, "[[registry]\n", "line 1, column 11");
	try_refused(c, &w, "[[registry]]\nlocation = \"a", "line 2, column 12");
}

static void clashes(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");
	struct err e = { 0 };

	assert_int_equal(c->clash(VIEW("unqualified-search-registries = [\"docker.io\"]\n"
				       "[[registry]]\nprefix = \"docker.io/library\"\n"
				       "location = \"docker.io/library\"\n"
				       "[[registry.mirror]]\nlocation = \"docker.io\"\n"),
				  &w, &e),
			 0);
	assert_int_equal(c->clash(VIEW(BLOCK), &w, &e), 0);
	assert_err(c->clash(VIEW("[[registry]]\nlocation=\"docker.io\"\nblocked=true\n"),
			    &w, &e),
		   e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_and_beside),
		cmocka_unit_test(tls),
		cmocka_unit_test(refused),
		cmocka_unit_test(clashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
