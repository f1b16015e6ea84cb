/* clients/: configuration files that anybody wrote. What is added is there once, and can
 * be taken out again; whatever is refused is refused in both. */
#include "fuzz.h"

#include "base/mem.h"
#include "clients/client.h"

static const struct client *const clients[] = { &docker_client, &containerd_client,
						&podman_client, &buildkit_client,
						&k3s_client };

static void try(const struct client *c, const struct wish *w, struct view text)
{
	CLEANUP(buf_done)
	struct buf with = BUF_INIT(CLIENT_MAX_BYTES), again = BUF_INIT(CLIENT_MAX_BYTES),
		   without = BUF_INIT(CLIENT_MAX_BYTES),
		   twice = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = { .now = text, .registry = "ghcr.io" };
	struct err e;

	if (c->clash != NULL)
		c->clash(text, w, &e);
	if (c->add(&t, w, &with, &e) != 0)
		return;
	t.now = buf_view(&with);
	CHECK(c->add(&t, w, &again, &e) == 0);
	CHECK(again.n == with.n && memcmp(buf_str(&again), buf_str(&with), with.n) == 0);
	CHECK(c->take(&t, w, &without, &e) == 0);
	t.now = buf_view(&without);
	CHECK(c->take(&t, w, &twice, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wish w = { 0 };

	if (size == 0)
		return 0;
	CHECK(wish_mirror(&w, VIEW("http://cache.lan:5000"), NULL) == 0);
	CHECK(wish_add(&w, VIEW("docker.io"), NULL) == 0);
	CHECK(wish_add(&w, VIEW("ghcr.io"), NULL) == 0);
	try(clients[data[0] % ARRAY_LEN(clients)], &w, fuzz_view(data + 1, size - 1));
	return 0;
}
