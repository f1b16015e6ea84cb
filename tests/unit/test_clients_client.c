/* The list, and the clients of which only a text is printed. */
#include "clients_try.h"

static void every_client_is_whole(void **state)
{
	struct wish w = TRY_WISH("http://cache:5000", "docker.io", "ghcr.io");
	const struct client *c;
	size_t i;

	for (i = 0; (c = client_nth(i)) != NULL; i++) {
		assert_ptr_equal(client_find(c->name), c);
		assert_non_null(c->title);
		assert_non_null(c->after);
		assert_true((c->path != NULL) == (c->add != NULL));
		assert_true((c->path != NULL) == (c->take != NULL));
		assert_true((c->path == NULL) == (c->print != NULL));
		if (c->path == NULL)
			continue;
		/* what is refused at its limit is refused as a limit */
		CLEANUP(buf_done)
		struct buf small = BUF_INIT(20);
		struct client_text t = try_text("", NULL);
		struct err e = { 0 };

		assert_err(c->add(&t, &w, &small, &e), e, ERR_LIMIT);
	}
	assert_int_equal(i, 7);
	assert_null(client_find("rkt"));
}

static void the_usual_registries(void **state)
{
	struct wish w = { 0 };

	for (size_t i = 0; i < CLIENT_REGISTRIES; i++)
		assert_int_equal(wish_add(&w, view_of(client_registries[i]), NULL), 0);
	assert_int_equal(w.n, CLIENT_REGISTRIES);
}

static void prints(const struct client *c, const struct wish *w, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);

	assert_int_equal(c->print(w, &out), 0);
	if (strstr(buf_str(&out), want) == NULL)
		fail_msg("\"%s\" should be in: %s", want, buf_str(&out));
}

static void kaniko(void **state)
{
	struct wish w = TRY_WISH("http://cache:5000", "docker.io", "ghcr.io");
	struct wish tls = TRY_WISH("https://larder.lan", "docker.io");

	prints(&kaniko_client, &w,
	       "--registry-map=index.docker.io=cache:5000/docker.io\n"
	       "--registry-map=ghcr.io=cache:5000/ghcr.io\n"
	       "--insecure-registry=cache:5000\n");
	prints(&kaniko_client, &w,
	       "KANIKO_REGISTRY_MAP=index.docker.io=cache:5000/docker.io;"
	       "ghcr.io=cache:5000/ghcr.io\n");
	assert_int_equal(wish_ca(&tls, "/ca.pem", NULL), 0);
	prints(&kaniko_client, &tls,
	       "docker.io\n--registry-certificate=larder.lan=/ca.pem\n");
}

static void kind(void **state)
{
	struct wish w = TRY_WISH("https://larder.lan", "ghcr.io");

	prints(&kind_client, &w, "    config_path = \"/etc/containerd/certs.d\"\nEOF\n");
	prints(&kind_client, &w,
	       "server = \"https://ghcr.io\"\n\n[host.\"https://larder.lan\"]\n");
	assert_int_equal(wish_ca(&w, "/my ca.pem", NULL), 0);
	prints(&kind_client, &w,
	       "cat > /etc/containerd/certs.d/larder-ca.crt' < '/my ca.pem'\n");
	prints(&kind_client, &w, "  ca = \"/etc/containerd/certs.d/larder-ca.crt\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_client_is_whole),
		cmocka_unit_test(the_usual_registries),
		cmocka_unit_test(kaniko),
		cmocka_unit_test(kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
