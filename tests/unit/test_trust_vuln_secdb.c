/* Databases of Alpine's form, as several publish them. */
#include "unit.h"

#include "vuln_try.h"

#define PACKAGES                                                                         \
	"\"packages\":[{\"pkg\":{\"name\":\"zlib\",\"secfixes\":{\"1.3-r1\":[\"CVE-1\"]" \
	"}}}]"

static void finds(const char *os, const char *head, const char *want)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(65536);
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	buf_addf(&text, "{%s," PACKAGES "}", head);
	doc = json_parse(buf_view(&text), NULL);
	vuln_try_add(v, &(struct vuln_one){ .os = os,
					    .version_id = "3.19.1",
					    .kind = PACKAGE_APK,
					    .name = "zlib",
					    .version = "1.3-r0" });
	assert_true(vuln_secdb_is(doc));
	if (want == NULL)
		assert_err(vuln_secdb_read(v, doc, &c, &e), e, ERR_INVALID);
	else
		assert_int_equal(vuln_secdb_read(v, doc, &c, &e), 0);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, want != NULL ? want : "");
	vuln_free(v);
}

/* What has releases says which; what has none is known by where it lives. */
static void whose_it_is(void **state)
{
	static const char found[] = "CVE-1 zlib<1.3-r1 unknown";
	const char *wolfi = "\"reponame\":\"os\",\"urlprefix\":\"https://"
			    "packages.wolfi.dev\"";
	const char *chainguard = "\"reponame\":\"chainguard\",\"urlprefix\":\"https://"
				 "packages.cgr.dev\"";
	const char *minimos = "\"reponame\":\"os\",\"urlprefix\":\"https://"
			      "packages.mini.dev\"";

	finds("alpine", "\"reponame\":\"main\",\"distroversion\":\"v3.19\"", found);
	finds("alpine", "\"reponame\":\"main\",\"distroversion\":\"v3.20\"", "");
	finds("wolfi", wolfi, found);
	finds("chainguard", chainguard, found);
	finds("minimos", minimos, found);
	finds("wolfi", minimos, "");
	finds("alpine", wolfi, "");
	/* of libraries, not packages */
	finds("chainguard",
	      "\"reponame\":\"chainguard\",\"urlprefix\":\"https://libraries.cgr.dev\"",
	      NULL);
	finds("alpine", "\"reponame\":\"main\",\"distroversion\":\"3.19\"", NULL);
}

/* As it was published for Alpine 3.3: there are data, and nothing in them. */
static void an_empty_repository(void **state)
{
	struct json *doc = json_parse(VIEW("{\"distroversion\":\"v3.19\",\"reponame\":"
					   "\"community\",\"packages\":null}"),
				      NULL);
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	vuln_try_add(v, &(struct vuln_one){ .os = "alpine",
					    .version_id = "3.19.1",
					    .kind = PACKAGE_APK,
					    .name = "zlib",
					    .version = "1" });
	assert_true(vuln_secdb_is(doc));
	assert_int_equal(vuln_secdb_read(v, doc, &c, &e), 0);
	assert_true(vuln_image(v, 0)->has_system);
	assert_int_equal(c.broken, 0);
	json_free(doc);
	doc = json_parse(VIEW("{\"distroversion\":\"v3.19\"}"), NULL);
	assert_false(vuln_secdb_is(doc));
	json_free(doc);
	vuln_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(an_empty_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
