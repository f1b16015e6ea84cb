/* What the gate's parts know and tell apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "trust/gate_about.h"
#include "trust/gate_known.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER(type) "{\"mediaType\":\"" type "\"}"
#define IMAGE(config, layers)                                                            \
	"{\"config\":{\"mediaType\":\"" config "\"},\"layers\":[" layers "]}"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define SIMPLE "application/vnd.dev.cosign.simplesigning.v1+json"
#define TAR "application/vnd.oci.image.layer.v1.tar"
#define EMPTY "application/vnd.oci.empty.v1+json"

static void test_about(void **state)
{
	static const struct {
		const char *body, *tag;
		bool is;
	} rows[] = {
		{ IMAGE(EMPTY, LAYER("application/spdx+json")), NULL, true },
		{ IMAGE("application/vnd.cncf.notary.signature",
			LAYER("application/jose+json")),
		  NULL, true },
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), "sha256-" HEX ".sig", true },
		{ IMAGE(OCI_CONFIG, LAYER("application/vnd.dsse.envelope.v1+json")),
		  "sha256-" HEX ".att", true },
		/* An image's configuration, under a tag that could be anybody's. */
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), NULL, false },
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), "latest", false },
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), "sha256-" HEX, false },
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), "sha256-" HEX ".sig2", false },
		{ IMAGE(OCI_CONFIG, LAYER(SIMPLE)), "sha256-abc.sig", false },
		/* A file system among the layers, whatever else is said. */
		{ IMAGE(EMPTY, LAYER("application/vnd.oci.image.layer.v1.tar+gzip")),
		  NULL, false },
		{ IMAGE(EMPTY, LAYER("application/spdx+json") "," LAYER(
				       "application/vnd.oci.image.layer.v1.tar")),
		  "sha256-" HEX ".sig", false },
		{ IMAGE(EMPTY, "{}"), NULL, false },
		{ IMAGE(EMPTY, ""), NULL, false },
		{ "{\"layers\":[" LAYER(SIMPLE) "]}", NULL, false },
		{ "{\"manifests\":[]}", "sha256-" HEX ".sig", false },
		{ "{\"config\":{\"mediaType\":\"x\"},\"manifests\":[],\"layers\":[" LAYER(
			  SIMPLE) "]}",
		  NULL, false },
		{ "no json", "sha256-" HEX ".sig", false },
		/* What Go's readers take for "layers" and "config", and prefer: the last.
		 */
		{ "{\"config\":{\"mediaType\":\"x\"},\"layers\":[" LAYER(
			  SIMPLE) "],\"Layers\":[" LAYER(TAR) "]}",
		  NULL, false },
		{ "{\"config\":{\"mediaType\":\"x\"},\"layers\":[" LAYER(
			  SIMPLE) "],\"layer\xc5\xbf\":[" LAYER(TAR) "]}",
		  NULL, false },
		{ "{\"config\":{\"mediaType\":\"x\"},\"CONFIG\":{\"mediaType\":"
		  "\"" OCI_CONFIG "\"},\"layers\":[" LAYER(SIMPLE) "]}",
		  NULL, false },
		{ "{\"config\":{\"mediaType\":\"x\",\"MediaType\":\"" OCI_CONFIG
		  "\"},\"layers\":[" LAYER(SIMPLE) "]}",
		  NULL, false },
		{ IMAGE(EMPTY,
			"{\"mediaType\":\"text/plain\",\"mediatype\":\"" TAR "\"}"),
		  NULL, false },
		/* What Docker runs nonetheless. */
		{ IMAGE("application/octet-stream", LAYER("text/plain")), NULL, false },
		{ IMAGE("application/json", LAYER("text/plain")), NULL, false },
		{ IMAGE("text/html", LAYER("text/plain")), NULL, false },
		{ IMAGE("", LAYER("text/plain")), NULL, false },
		/* What containerd does. */
		{ IMAGE(EMPTY, LAYER(TAR "+json")), NULL, false },
		{ IMAGE(OCI_CONFIG, LAYER(TAR "+json")), "sha256-" HEX ".sig", false },
		{ IMAGE(OCI_CONFIG,
			LAYER("application/vnd.docker.image.rootfs.diff.tar+json")),
		  "sha256-" HEX ".att", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (gate_about_is(view_of(rows[i].body), rows[i].tag) != rows[i].is)
			fail_msg("row %zu: %s", i, rows[i].body);
}

static struct digest numbered(unsigned n)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d;

	snprintf(text, sizeof(text), "sha256:%064x", n);
	assert_int_equal(digest_parse(view_of(text), &d, NULL), 0);
	return d;
}

static void test_known(void **state)
{
	struct gate_known *k = gate_known_new(100);
	struct reponame name, other;
	struct digest d = numbered(1);
	struct gate_known_key key = { .serial = 1, .name = &name, .digest = &d };
	char why[20];

	(void)state;
	assert_int_equal(reponame_parse(VIEW("a/b"), &name, NULL), 0);
	assert_int_equal(reponame_parse(VIEW("a/c"), &other, NULL), 0);
	assert_int_equal(gate_known_get(k, &key, 0, why, sizeof(why)), GATE_UNKNOWN);
	gate_known_put(k, &key, false, "it is not", 50);
	assert_int_equal(gate_known_get(k, &key, 49, why, sizeof(why)), GATE_NO);
	assert_string_equal(why, "it is not");
	assert_int_equal(gate_known_get(k, &key, 50, why, sizeof(why)), GATE_UNKNOWN);
	gate_known_put(k, &key, true, "", 100);
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_YES);
	key.name = &other;
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_UNKNOWN);
	key.name = &name;
	key.serial = 2; /* other policies */
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_UNKNOWN);
	key.serial = 1;
	key.policy = &name;
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_UNKNOWN);
	key.policy = NULL;
	key.tool = true; /* what holds for a signature's tag does for no other */
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_UNKNOWN);
	key.tool = false;
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_YES);
	gate_known_clear(k);
	assert_int_equal(gate_known_get(k, &key, 60, why, sizeof(why)), GATE_UNKNOWN);
	gate_known_free(k);
}

/* Full, it forgets, and goes on. */
static void test_full(void **state)
{
	struct gate_known *k = gate_known_new(10);
	struct reponame name;
	struct digest d;
	struct gate_known_key key = { .name = &name, .digest = &d };
	char why[20];
	unsigned i;

	(void)state;
	assert_int_equal(reponame_parse(VIEW("a/b"), &name, NULL), 0);
	for (i = 0; i < 1000; i++) {
		d = numbered(i);
		gate_known_put(k, &key, true, "", 1);
		assert_int_equal(gate_known_get(k, &key, 0, why, sizeof(why)), GATE_YES);
	}
	gate_known_free(k);
}

/* What an index names goes with it, and what an image names does not. */
static void test_all(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"mediaType\":\"application/"
		"vnd.oci.image.index.v1+json\","
		"\"manifests\":[{\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\","
		"\"size\":3,\"digest\":\"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000002\"}]}";
	struct gate_known *k = gate_known_new(10);
	struct reponame name;
	struct digest d = numbered(1), child = numbered(2);
	struct gate_known_key key = { .name = &name, .digest = &child };
	char why[20];

	(void)state;
	assert_int_equal(reponame_parse(VIEW("a/b"), &name, NULL), 0);
	gate_known_put_all(k, 0, &name, &d, VIEW("{}"), 10);
	assert_int_equal(gate_known_get(k, &key, 0, why, sizeof(why)), GATE_UNKNOWN);
	gate_known_put_all(k, 0, &name, &d, VIEW(index), 10);
	assert_int_equal(gate_known_get(k, &key, 0, why, sizeof(why)), GATE_YES);
	gate_known_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
