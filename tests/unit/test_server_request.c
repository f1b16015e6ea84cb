/* From paths to kinds of requests: the end of a path decides, since a repository's name
 * may hold any of the words. */
#include "unit.h"

#include "base/mem.h"
#include "oci/reference.h"
#include "server/request.h"

struct row {
	const char *path;
	enum request_kind kind;
	const char *name, *ref;
};

#define SHA "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct row rows[] = {
	{ "/v2", REQUEST_PING, "", "" },
	{ "/v2/", REQUEST_PING, "", "" },
	{ "/v2/_catalog", REQUEST_CATALOG, "", "" },
	{ "/healthz", REQUEST_HEALTH, "", "" },
	{ "/readyz", REQUEST_READY, "", "" },
	{ "/metrics", REQUEST_METRICS, "", "" },
	{ "/larder/v1/images", REQUEST_IMAGES, "", "" },
	{ "/larder/v1/status", REQUEST_STATUS, "", "" },
	{ "/larder/v1/history", REQUEST_HISTORY, "", "" },
	{ "/larder/v1/images/", REQUEST_OTHER, "", "" },
	{ "/larder/v1", REQUEST_OTHER, "", "" },

	{ "/v2/a/manifests/v1", REQUEST_MANIFEST, "a", "v1" },
	{ "/v2/a/b/c/manifests/v1", REQUEST_MANIFEST, "a/b/c", "v1" },
	{ "/v2/a/manifests/" SHA, REQUEST_MANIFEST, "a", SHA },
	{ "/v2/a/manifests/", REQUEST_MANIFEST, "a", "" },
	{ "/v2/a/blobs/" SHA, REQUEST_BLOB, "a", SHA },
	{ "/v2/a/b/blobs/" SHA, REQUEST_BLOB, "a/b", SHA },
	{ "/v2/a/blobs/", REQUEST_BLOB, "a", "" },
	{ "/v2/a/tags/list", REQUEST_TAGS, "a", "" },
	{ "/v2/a/b/tags/list", REQUEST_TAGS, "a/b", "" },
	{ "/v2/a/referrers/" SHA, REQUEST_REFERRERS, "a", SHA },
	{ "/v2/a/b/blobs/uploads/", REQUEST_UPLOAD, "a/b", "" },
	{ "/v2/a/blobs/uploads", REQUEST_UPLOAD, "a", "" },
	{ "/v2/a/blobs/uploads/8d3f", REQUEST_UPLOAD, "a", "8d3f" },

	/* Names that hold the words. */
	{ "/v2/manifests/manifests/manifests", REQUEST_MANIFEST, "manifests",
	  "manifests" },
	{ "/v2/blobs/manifests/v1", REQUEST_MANIFEST, "blobs", "v1" },
	{ "/v2/tags/list/tags/list", REQUEST_TAGS, "tags/list", "" },
	{ "/v2/a/tags/list/manifests/v1", REQUEST_MANIFEST, "a/tags/list", "v1" },
	{ "/v2/a/blobs/uploads/manifests/v1", REQUEST_MANIFEST, "a/blobs/uploads", "v1" },
	{ "/v2/a/blobs/uploads/b/manifests/v1", REQUEST_MANIFEST, "a/blobs/uploads/b",
	  "v1" },
	{ "/v2/a/blobs/uploads/blobs/" SHA, REQUEST_BLOB, "a/blobs/uploads", SHA },
	{ "/v2/a/blobs/uploads/tags/list", REQUEST_TAGS, "a/blobs/uploads", "" },
	{ "/v2/a/blobs/uploads/blobs/uploads/", REQUEST_UPLOAD, "a/blobs/uploads", "" },
	{ "/v2/_catalog/manifests/v1", REQUEST_MANIFEST, "_catalog", "v1" },
	{ "/v2/a/manifests/list", REQUEST_MANIFEST, "a", "list" },
	{ "/v2/a/manifests/uploads", REQUEST_MANIFEST, "a", "uploads" },
	{ "/v2/a/blobs/uploadsmore", REQUEST_BLOB, "a", "uploadsmore" },
	/* Refused later, by the name's or the reference's own grammar. */
	{ "/v2//a/manifests/v1", REQUEST_MANIFEST, "/a", "v1" },
	{ "/v2/a//manifests/v1", REQUEST_MANIFEST, "a/", "v1" },
	{ "/v2/../etc/manifests/passwd", REQUEST_MANIFEST, "../etc", "passwd" },
	{ "/v2/a/manifests/..", REQUEST_MANIFEST, "a", ".." },

	{ "", REQUEST_OTHER, "", "" },
	{ "/", REQUEST_OTHER, "", "" },
	{ "v2/", REQUEST_OTHER, "", "" },
	{ "/v1/_ping", REQUEST_OTHER, "", "" },
	{ "/v2x", REQUEST_OTHER, "", "" },
	{ "/V2/", REQUEST_OTHER, "", "" },
	{ "//v2/", REQUEST_OTHER, "", "" },
	{ "/v2//", REQUEST_OTHER, "", "" },
	{ "/v2/_catalog/", REQUEST_OTHER, "", "" },
	{ "/v2/a", REQUEST_OTHER, "", "" },
	{ "/v2/a/b", REQUEST_OTHER, "", "" },
	{ "/v2/manifests/v1", REQUEST_OTHER, "", "" },
	{ "/v2//manifests/v1", REQUEST_OTHER, "", "" },
	{ "/v2/blobs/" SHA, REQUEST_OTHER, "", "" },
	{ "/v2/blobs/uploads/", REQUEST_OTHER, "", "" },
	{ "/v2/tags/list", REQUEST_OTHER, "", "" },
	{ "/v2/a/tags/list/", REQUEST_OTHER, "", "" },
	{ "/v2/a/tags/lists", REQUEST_OTHER, "", "" },
	{ "/v2/a/manifests/v1/", REQUEST_OTHER, "", "" },
	{ "/v2/a/manifests/v1/x", REQUEST_OTHER, "", "" },
	{ "/v2/amanifests/v1", REQUEST_OTHER, "", "" },
	{ "/v2/a/Manifests/v1", REQUEST_OTHER, "", "" },
	{ "/healthz/", REQUEST_OTHER, "", "" },
	{ "/metrics?x", REQUEST_OTHER, "", "" },
};

static void kinds(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct view name, ref;
		enum request_kind k = request_classify(rows[i].path, &name, &ref);

		if (k != rows[i].kind || !view_is(name, rows[i].name) ||
		    !view_is(ref, rows[i].ref))
			fail_msg("%s: %s, name '%.*s', reference '%.*s'", rows[i].path,
				 request_word(k), (int)name.n, name.p, (int)ref.n, ref.p);
	}
}

/* Names into paths that lead elsewhere do not get past the grammar. */
static void what_passes_is_safe(void **state)
{
	static const char *const bad[] = {
		"/v2/../etc/manifests/passwd", "/v2/a/../../b/manifests/v1",
		"/v2//a/manifests/v1",	       "/v2/a//b/manifests/v1",
		"/v2/./a/manifests/v1",	       "/v2/a/_manifests/manifests/v1",
		"/v2/A/manifests/v1",	       "/v2/a%2fb/manifests/v1",
		"/v2/a\nb/manifests/v1",       "/v2/_catalog/manifests/v1",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct reponame parsed;
		struct view name, ref;

		assert_int_equal(request_classify(bad[i], &name, &ref), REQUEST_MANIFEST);
		assert_int_equal(reponame_parse(name, &parsed, NULL), -1);
	}
}

static void words(void **state)
{
	int k, other;

	for (k = 0; k < REQUEST_KINDS; k++) {
		assert_non_null(request_word((enum request_kind)k));
		for (other = 0; other < k; other++)
			assert_string_not_equal(request_word((enum request_kind)k),
						request_word((enum request_kind)other));
	}
}

static void new_and_free(void **state)
{
	static const struct {
		const char *uri;
		bool bad;
	} uris[] = { { "/v2/a/manifests/v1?ns=quay.io", false },
		     { "/v2/a%00b/manifests/v1", true },
		     { "/v2/?n=%00", true },
		     { "/v2/a%2500", false },
		     { "/v2/%0", false },
		     { "", false } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(uris); i++) {
		struct request *rq = request_new(NULL, uris[i].uri);

		assert_string_equal(rq->uri, uris[i].uri);
		assert_int_equal(rq->bad_uri, uris[i].bad);
		assert_int_equal(rq->kind, REQUEST_OTHER);
		request_free(rq);
	}
	request_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(what_passes_is_safe),
		cmocka_unit_test(words),
		cmocka_unit_test(new_and_free),
	};

	return cmocka_run_group_tests_name("server/request", tests, NULL, NULL);
}
