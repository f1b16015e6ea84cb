/* registries.yaml: below keys that are there, or with keys of its own. */
#include "clients_try.h"

#define BEGIN "# begin larder (written by \"larder setup k3s\"; --undo takes it out)\n"
#define END "# end larder\n"
#define WHOLE                                                                            \
	BEGIN "mirrors:\n  \"docker.io\":\n    endpoint:\n"                              \
	      "      - \"http://10.0.0.1:5000\"\n" END
#define BELOW                                                                            \
	"  " BEGIN "  \"docker.io\":\n    endpoint:\n"                                   \
	"      - \"http://10.0.0.1:5000\"\n  " END

static const struct client *c = &k3s_client;

static void with_keys_of_its_own(void **state)
{
	struct wish w = TRY_WISH("10.0.0.1:5000", "docker.io");

	try_both(c, &w, "", WHOLE);
	try_both(c, &w, "# mine\n", "# mine\n" WHOLE);
	try_both(c, &w, "configs:\n  x: {tls: {}}\n", "configs:\n  x: {tls: {}}\n" WHOLE);
	try_add(c, &w, "configs: {}", "configs: {}\n" WHOLE);
}

static void below_keys_of_others(void **state)
{
	struct wish w = TRY_WISH("10.0.0.1:5000", "docker.io");

	try_both(c, &w, "mirrors:\n  quay.io:\n    endpoint: [\"https://x\"]\nconfigs:\n",
		 "mirrors:\n" BELOW
		 "  quay.io:\n    endpoint: [\"https://x\"]\nconfigs:\n");
	try_both(c, &w, "mirrors: # theirs\n", "mirrors: # theirs\n" BELOW);
	try_both(c, &w, "mirrors:\n\n  # about quay\n  quay.io: {}\n",
		 "mirrors:\n" BELOW "\n  # about quay\n  quay.io: {}\n");
	try_add(c, &w, "mirrors:\n     quay.io: {}\n",
		"mirrors:\n     " BEGIN "     \"docker.io\":\n       endpoint:\n"
		"         - \"http://10.0.0.1:5000\"\n     " END "     quay.io: {}\n");
}

static void with_a_certificate(void **state)
{
	struct wish w = TRY_WISH("https://larder.lan", "docker.io");

	assert_int_equal(wish_ca(&w, "/ca.pem", NULL), 0);
	try_both(c, &w, "configs:\n  \"x:1\":\n    auth: {}\n",
		 "configs:\n  " BEGIN "  \"larder.lan\":\n    tls:\n"
		 "      ca_file: \"/ca.pem\"\n  " END "  \"x:1\":\n    auth: {}\n" BEGIN
		 "mirrors:\n  \"docker.io\":\n    endpoint:\n"
		 "      - \"https://larder.lan\"\n" END);
	try_refused(c, &w, "configs:\n  larder.lan: {}\n", "line 2: \"larder.lan\"");
}

static void refused(void **state)
{
	struct wish w = TRY_WISH("10.0.0.1:5000", "docker.io");

	try_refused(c, &w, "mirrors:\n  docker.io:\n    endpoint: [x]\n",
		    "line 2: \"docker.io\" has mirrors already");
	try_refused(c, &w, "mirrors:\n  \"*\":\n", "line 2: \"*\" has mirrors already");
	try_refused(c, &w, "mirrors: {quay.io: {}}\n",
		    "line 1: \"mirrors\" is not written");
	try_refused(c, &w, "mirrors: {}\n", "line 1: \"mirrors\" is not written");
	try_refused(c, &w, "mirrors: ~\n", "line 1: \"mirrors\" is not written");
	try_refused(c, &w, "mirrors: []\n", "line 1: \"mirrors\" is not written");
	try_refused(c, &w, "{configs: {}}\n", "would be broken");
	try_refused(c, &w, "- a\n", "line 1: this is no registries.yaml");
	try_refused(c, &w, "a: 1\n  b: [\n", "line 2: mapping values are not allowed");
	try_refused(c, &w, "a: 1\n  b: [\n", "(column 4)");
	try_refused(c, &w, BEGIN "mirrors:\n", "line 1: of the two comments");
}

/* What stands behind our "mirrors:" belongs to it, and would be lost without. */
static void others_below_our_key(void **state)
{
	struct wish w = TRY_WISH("10.0.0.1:5000", "docker.io");
	const char *now = WHOLE "  quay.io:\n    endpoint: [\"https://x\"]\n";
	struct client_text t = try_text(now, NULL);
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);
	struct err e = { 0 };

	try_refused(c, &w, now, "\"quay.io\" stands below a key that larder wrote");
	assert_err(c->take(&t, &w, &out, &e), e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_keys_of_its_own),
		cmocka_unit_test(below_keys_of_others),
		cmocka_unit_test(with_a_certificate),
		cmocka_unit_test(refused),
		cmocka_unit_test(others_below_our_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
