/* hosts.toml: alone, before somebody else's hosts, and what containerd itself must have.
 */
#include "clients_try.h"

#define BEGIN                                                                            \
	"# begin larder (written by \"larder setup containerd\"; --undo takes it out)\n"
#define END "# end larder\n"
#define HOST                                                                             \
	"[host.\"http://127.0.0.1:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
#define BLOCK BEGIN HOST END
#define WHOLE BEGIN "server = \"https://registry-1.docker.io\"\n\n" HOST END

static const struct client *c = &containerd_client;

static void alone(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");
	struct client_text t = { .now = VIEW(""), .registry = "ghcr.io" };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);

	try_both(c, &w, "", WHOLE);
	try_both(c, &w, "# mine\n", "# mine\n" WHOLE);
	assert_int_equal(c->add(&t, &w, &out, NULL), 0);
	assert_non_null(strstr(buf_str(&out), "server = \"https://ghcr.io\"\n"));
}

static void before_others(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");

	try_both(c, &w, "server = \"https://x\"\n\n# theirs\n[host.\"https://y\"]\n",
		 "server = \"https://x\"\n\n" BLOCK "# theirs\n[host.\"https://y\"]\n");
	try_both(c, &w, "server = \"https://x\"\n", "server = \"https://x\"\n" BLOCK);
	try_add(c, &w, "server = 'https://x'", "server = 'https://x'\n" BLOCK);
	try_both(c, &w, "[host.\"https://y\"]\n", BLOCK "[host.\"https://y\"]\n");
	try_both(c, &w, "[host]\n[host.'https://y']\nca = [\n'a', # ]\n'b']\n",
		 BLOCK "[host]\n[host.'https://y']\nca = [\n'a', # ]\n'b']\n");
}

static void moved_to_another_mirror(void **state)
{
	struct wish old = TRY_WISH("http://old:5000", "docker.io");
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = try_text("", NULL);

	assert_int_equal(c->add(&t, &old, &out, NULL), 0);
	try_add(c, &w, buf_str(&out), WHOLE);
}

static void with_a_certificate(void **state)
{
	struct wish w = TRY_WISH("https://larder.lan", "docker.io");

	assert_int_equal(wish_ca(&w, "/etc/ssl/company.pem", NULL), 0);
	try_add(c, &w, "",
		BEGIN "server = \"https://registry-1.docker.io\"\n\n"
		      "[host.\"https://larder.lan\"]\n  capabilities = [\"pull\", "
		      "\"resolve\"]\n  ca = \"/etc/ssl/company.pem\"\n" END);
}

static void written_by_hand(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");

	try_add(c, &w, "server = \"https://x\"\n" HOST, "server = \"https://x\"\n" HOST);
	try_take(c, &w, HOST, HOST);
	try_refused(c, &w, "[host.\"https://y\"]\n" HOST, "line 2 has a [host] table");
}

static void refused(void **state)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");

	try_refused(c, &w, "host.\"http://x\".ca = \"y\"\n", "line 1: \"host\"");
	try_refused(c, &w, "a = 1\nhost = {}\n", "line 2: \"host\"");
	try_refused(c, &w, "a = 1\nb = \"x\n", "line 2, column 5");
	try_refused(c, &w, "[host\n", "line 1, column 6");
	try_refused(c, &w, BEGIN "a = 1\n", "line 1: of the two comments");
	try_refused(c, &w, "a = 1\n" END, "line 2: of the two comments");
	try_refused(c, &w, BLOCK BLOCK, "line 5: larder's block is here twice");
}

static void says(const char *main_text, bool undo, const char *has, const char *has_not)
{
	struct wish w = TRY_WISH("127.0.0.1:5000", "docker.io");
	struct client_place at = { .path = "/etc/containerd/certs.d",
				   .main_path = "/etc/containerd/config.toml",
				   .main_text = view_of(main_text) };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);

	assert_int_equal(c->after(&w, &at, undo, &out), 0);
	if (has != NULL && strstr(buf_str(&out), has) == NULL)
		fail_msg("\"%s\" should be in: %s", has, buf_str(&out));
	if (has_not != NULL && strstr(buf_str(&out), has_not) != NULL)
		fail_msg("\"%s\" should not be in: %s", has_not, buf_str(&out));
}

static void its_own_configuration(void **state)
{
	says("", false, "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n", "mirrors]");
	says("", false, "[plugins.\"io.containerd.cri.v1.images\".registry]\n", NULL);
	says("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
	     "config_path = \"/etc/containerd/certs.d\"\n",
	     false, "at every pull", "config_path");
	says("[plugins]\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
	     "config_path = '/etc/docker/certs.d:/etc/containerd/certs.d/'\n",
	     false, NULL, "config_path");
	says("[plugins.'io.containerd.cri.v1.images'.registry]\n"
	     "config_path = '/etc/containerd/certs.d.old'\n",
	     false, "config_path =", NULL);
	says("[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n"
	     "endpoint = []\n",
	     false, "mirrors] tables exclude config_path", NULL);
	says("", true, NULL, "config_path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(before_others),
		cmocka_unit_test(moved_to_another_mirror),
		cmocka_unit_test(with_a_certificate),
		cmocka_unit_test(written_by_hand),
		cmocka_unit_test(refused),
		cmocka_unit_test(its_own_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
