/* Which versions an OSV advisory is about, by the schema's text; and whose it is. */
#include "unit.h"

#include "vuln_try.h"

static bool affects(const char *affected, enum version_scheme scheme, const char *version,
		    const char *want_fixed)
{
	struct json *doc = json_parse(view_of(affected), NULL);
	const char *fixed = "untouched";
	bool found;

	assert_non_null(doc);
	found = vuln_osv_affects(doc, scheme, version, &fixed);
	if (found)
		assert_string_equal(fixed, want_fixed);
	else
		assert_string_equal(fixed, "untouched");
	json_free(doc);
	return found;
}

static bool pypi(const char *affected, const char *version, const char *fixed)
{
	return affects(affected, VERSION_PEP440, version, fixed);
}

#define RANGE(events) "{\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]}"
#define IN(v) "{\"introduced\":\"" v "\"}"
#define FIX(v) "{\"fixed\":\"" v "\"}"
#define LAST(v) "{\"last_affected\":\"" v "\"}"
#define LIM(v) "{\"limit\":\"" v "\"}"

static void unfixed(void **state)
{
	assert_true(pypi(RANGE(IN("0")), "0.0.1.dev1", ""));
	assert_true(pypi(RANGE(IN("0")), "99", ""));
	assert_true(pypi(RANGE(IN("1.0")), "1.0.0", ""));
	assert_false(pypi(RANGE(IN("1.0")), "1.0rc1", ""));
}

static void fixed(void **state)
{
	const char *r = RANGE(IN("1.2") "," FIX("1.10"));

	assert_false(pypi(r, "1.1", ""));
	assert_true(pypi(r, "1.2", "1.10"));
	assert_true(pypi(r, "1.9", "1.10"));
	assert_false(pypi(r, "1.10", ""));
	assert_false(pypi(r, "2", ""));
}

/* Several branches, each with its fix; in any order in the document. */
static void branches(void **state)
{
	const char *r = RANGE(FIX("2.1.3") "," IN("2.0") "," FIX("1.4") "," IN(
		"0") "," IN("3.0") "," FIX("3.0.1"));

	assert_true(pypi(r, "0.1", "1.4"));
	assert_false(pypi(r, "1.4", ""));
	assert_false(pypi(r, "1.9", ""));
	assert_true(pypi(r, "2.1", "2.1.3"));
	assert_false(pypi(r, "2.5", ""));
	assert_true(pypi(r, "3.0", "3.0.1"));
	assert_false(pypi(r, "3.1", ""));
}

/* The same in two ranges. */
static void ranges(void **state)
{
	const char *r =
		"{\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" IN("1") "," FIX(
			"2") "]},{\"type\":\"ECOSYSTEM\",\"events\":[" IN("3") "]}]}";

	assert_true(pypi(r, "1.5", "2"));
	assert_false(pypi(r, "2.5", ""));
	assert_true(pypi(r, "3.5", ""));
}

static void last_affected(void **state)
{
	const char *r = RANGE(IN("0") "," LAST("2.1.214"));

	assert_true(pypi(r, "2.1.214", ""));
	assert_false(pypi(r, "2.1.215", ""));
	r = RANGE(IN("0") "," LAST("1.0") "," IN("2.0") "," FIX("2.2"));
	assert_true(pypi(r, "1.0", "2.2"));
	assert_false(pypi(r, "1.5", ""));
	assert_true(pypi(r, "2.1", "2.2"));
}

static void limits(void **state)
{
	assert_true(pypi(RANGE(IN("0") "," LIM("2")), "1.9", ""));
	assert_false(pypi(RANGE(IN("0") "," LIM("2")), "2", ""));
	assert_true(pypi(RANGE(IN("0") "," LIM("2") "," LIM("*")), "7", ""));
	assert_true(pypi(RANGE(IN("0") "," LIM("2") "," LIM("5")), "4", ""));
	assert_false(pypi(RANGE(IN("0") "," LIM("2") "," LIM("5")), "5", ""));
}

static void versions(void **state)
{
	const char *a = "{\"versions\":[\"1.0\",\"1.1.0\"]}";

	assert_true(pypi(a, "1.0", ""));
	assert_false(pypi(a, "1.1", "")); /* equal as text, says the schema */
	assert_false(pypi(a, "1.2", ""));
	/* and beside ranges, which then know the fix */
	a = "{\"versions\":[\"1.0\"],\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" IN(
		"1.5") "," FIX("1.6") "]}]}";
	assert_true(pypi(a, "1.0", "1.6"));
	assert_true(pypi(a, "1.5", "1.6"));
	assert_false(pypi(a, "1.1", ""));
}

/* Ranges of commits say nothing of versions. */
static void other_types(void **state)
{
	assert_false(pypi("{\"ranges\":[{\"type\":\"GIT\",\"repo\":\"x\",\"events\":[" IN(
				  "0") "]}]}",
			  "1", ""));
	assert_true(pypi("{\"ranges\":[{\"type\":\"SEMVER\",\"events\":[" IN("0") "," FIX(
				 "1.2.0") "]}]}",
			 "1.1.9", "1.2.0"));
	assert_false(pypi("{}", "1", ""));
	assert_false(pypi("{\"ranges\":[{\"type\":\"ECOSYSTEM\"}]}", "1", ""));
	assert_false(pypi("{\"ranges\":[{\"events\":[" IN("0") "]}]}", "1", ""));
	assert_false(pypi("{\"ranges\":[1,[],null],\"versions\":[1,null]}", "1", ""));
	assert_false(pypi(RANGE("{\"introduced\":1}"), "1", ""));
}

static void each_by_its_own_order(void **state)
{
	assert_true(affects(RANGE(IN("0") "," FIX("1:1.2.13.dfsg-1")), VERSION_DEB,
			    "1:1.2.11.dfsg-4", "1:1.2.13.dfsg-1"));
	assert_false(affects(RANGE(IN("0") "," FIX("1:1.2.13.dfsg-1")), VERSION_DEB,
			     "1:1.2.13.dfsg-1+b1", ""));
	assert_true(affects(RANGE(IN("0") "," FIX("2.0-1")), VERSION_DEB, "2.0~rc1-1",
			    "2.0-1"));
	assert_true(affects(RANGE(IN("0") "," FIX("1.36.1-r16")), VERSION_APK,
			    "1.36.1-r9", "1.36.1-r16"));
}

/* --- an advisory --- */

#define ADVISORY(id, more, ecosystem, name, events)                                      \
	"{\"id\":\"" id "\",\"modified\":\"2026-01-02T03:04:05Z\"," more                 \
	"\"affected\":[{\"package\":{\"ecosystem\":\"" ecosystem "\",\"name\":\"" name   \
	"\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]}]}"

static const struct vuln_one bookworm = { .os = "debian",
					  .version_id = "12",
					  .codename = "bookworm",
					  .kind = PACKAGE_DEB,
					  .name = "libssl3",
					  .version = "3.0.11-1~deb12u1",
					  .source = "openssl",
					  .source_version = "3.0.11-1~deb12u1" };

static void a_release_of_debian(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &bookworm);
	vuln_try_osv(v,
		     ADVISORY("DEBIAN-CVE-2023-5678", "\"upstream\":[\"CVE-2023-5678\"],",
			      "Debian:12", "openssl", IN("0") "," FIX("3.0.13-1")),
		     &c);
	/* of another release, of what is installed and not its source, of another */
	vuln_try_osv(v, ADVISORY("DEBIAN-CVE-2", "", "Debian:11", "openssl", IN("0")),
		     &c);
	vuln_try_osv(v, ADVISORY("DEBIAN-CVE-3", "", "Debian:12", "libssl3", IN("0")),
		     &c);
	vuln_try_osv(v, ADVISORY("GO-4", "", "Go", "openssl", IN("0")), &c);
	vuln_try_osv(v, ADVISORY("PYSEC-5", "", "PyPI", "openssl", IN("0")), &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0,
			"CVE-2023-5678=DEBIAN-CVE-2023-5678 openssl<3.0.13-1 unknown");
	assert_string_equal(vuln_image(v, 0)->finding[0].unit->packages[0], "libssl3");
	assert_true(vuln_image(v, 0)->has_system);
	assert_int_equal(c.records, 5);
	assert_int_equal(c.newest_ms, INT64_C(1767323045000));
	vuln_free(v);
}

static void withdrawn_and_broken(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct json *doc;

	vuln_try_add(v, &bookworm);
	vuln_try_osv(v,
		     ADVISORY("A-1", "\"withdrawn\":\"2026-01-01T00:00:00Z\",",
			      "Debian:12", "openssl", IN("0")),
		     &c);
	vuln_try_osv(v, "{\"id\":\"A 2\",\"modified\":\"2026-01-02T03:04:05Z\"}", &c);
	vuln_try_osv(v, "{\"id\":\"A-3\",\"modified\":\"yesterday\"}", &c);
	vuln_try_osv(v,
		     "{\"id\":\"A-4\",\"modified\":\"2026-01-02T03:04:05Z\","
		     "\"affected\":[1,{},{\"package\":{}},{\"package\":{\"ecosystem\":"
		     "\"Debian:12\"}}]}",
		     &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, "");
	assert_int_equal(c.records, 4);
	assert_int_equal(c.withdrawn, 1);
	assert_int_equal(c.broken, 2);
	doc = json_parse(VIEW("{\"id\":\"A-5\"}"), NULL);
	assert_false(vuln_osv_is(doc));
	json_free(doc);
	vuln_free(v);
}

/* What one of them says of how bad it is, in the order of worth. */
static void how_bad(void **state)
{
#define V3(v) "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"" v "\"}],"
#define WORD(w) "\"database_specific\":{\"severity\":\"" w "\"},"
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ ADVISORY("CVE-1", "", "Debian:12", "openssl", IN("0")), "unknown" },
		{ ADVISORY("CVE-1", WORD("MODERATE"), "Debian:12", "openssl", IN("0")),
		  "medium" },
		{ ADVISORY("CVE-1",
			   V3("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") WORD("LOW"),
			   "Debian:12", "openssl", IN("0")),
		  "critical" },
		{ ADVISORY("CVE-1", V3("nonsense") WORD("LOW"), "Debian:12", "openssl",
			   IN("0")),
		  "low" },
		{ ADVISORY("CVE-1",
			   "\"severity\":[{\"type\":\"CVSS_V2\",\"score\":"
			   "\"AV:N/AC:L/Au:N/C:C/I:C/A:C\"},{\"type\":\"CVSS_V3\","
			   "\"score\":\"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N\"}"
			   "],",
			   "Debian:12", "openssl", IN("0")),
		  "low" },
		{ ADVISORY("CVE-1",
			   "\"severity\":[{\"type\":\"CVSS_V2\",\"score\":"
			   "\"AV:N/AC:L/Au:N/C:C/I:C/A:C\"}],",
			   "Debian:12", "openssl", IN("0")),
		  "high" },
		{ ADVISORY("CVE-1",
			   "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
			   "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"},"
			   "{\"type\":\"Ubuntu\",\"score\":\"negligible\"}],",
			   "Debian:12", "openssl", IN("0")),
		  "negligible" },
		/* GHSA-hgrr-935x-pq79, whose database says LOW */
		{ ADVISORY(
			  "CVE-1",
			  "\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N/"
			  "AC:L/AT:P/PR:L/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N/E:U\"},"
			  "{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:H/PR:N/"
			  "UI:N/S:U/C:N/I:N/A:H\"}],",
			  "Debian:12", "openssl", IN("0")),
		  "low" },
		/* what is said of the package goes before what is said of all */
		{ "{\"id\":\"CVE-1\",\"modified\":\"2026-01-02T03:04:05Z\","
		  "\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N/AC:L/"
		  "AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H\"}],"
		  "\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":"
		  "\"openssl\"},\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
		  "\"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N\"}],"
		  "\"versions\":[\"3.0.11-1~deb12u1\"]}]}",
		  "low" },
		/* of two the worse */
		{ ADVISORY("CVE-1",
			   "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
			   "\"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N\"},{\"type\":"
			   "\"CVSS_V3\",\"score\":"
			   "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],",
			   "Debian:12", "openssl", IN("0")),
		  "critical" },
		/* of no use: the word counts */
		{ ADVISORY("CVE-1",
			   "\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/"
			   "AV:N\"}"
			   "],\"database_specific\":{\"severity\":\"CRITICAL\"},",
			   "Debian:12", "openssl", IN("0")),
		  "critical" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct vuln *v = vuln_new();
		struct vuln_count c = { 0 };

		vuln_try_add(v, &bookworm);
		vuln_try_osv(v, cases[i].text, &c);
		assert_int_equal(vuln_finish(v, NULL), 0);
		assert_int_equal(vuln_image(v, 0)->n, 1);
		assert_string_equal(
			vuln_severity_word(vuln_image(v, 0)->finding[0].severity),
			cases[i].want);
		vuln_free(v);
	}
}

/* A DSA of two CVEs is two findings; an advisory with a CVE and a GHSA is one. */
static void upstream_and_aliases(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &bookworm);
	vuln_try_osv(v,
		     ADVISORY("DSA-1-1", "\"upstream\":[\"CVE-2026-2\",\"CVE-2026-1\"],",
			      "Debian:12", "openssl", IN("0") "," FIX("3.0.12-1")),
		     &c);
	vuln_try_osv(v,
		     ADVISORY("DEBIAN-CVE-2026-2", "\"upstream\":[\"CVE-2026-2\"],",
			      "Debian:12", "openssl", IN("0") "," FIX("3.0.14-1")),
		     &c);
	vuln_try_osv(v,
		     ADVISORY("X-9", "\"upstream\":[\"CVE-2026-3\",\"GHSA-a-b-c\"],",
			      "Debian:12", "openssl", IN("0")),
		     &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0,
			"CVE-2026-1=DSA-1-1 openssl<3.0.12-1 unknown; "
			"CVE-2026-2=DEBIAN-CVE-2026-2=DSA-1-1 openssl<3.0.14-1 unknown; "
			"CVE-2026-3=GHSA-a-b-c=X-9 openssl<? unknown");
	vuln_free(v);
}

/* Names that lead from one to the next are one thing. */
static void python_by_any_name(void **state)
{
	static const struct vuln_one image = { .os = "",
					       .version_id = "",
					       .kind = PACKAGE_PYTHON,
					       .name = "zope-interface",
					       .version = "5.0" };
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &image);
	vuln_try_osv(v,
		     ADVISORY("PYSEC-2026-1", "\"aliases\":[\"GHSA-x-y-z\"],", "PyPI",
			      "Zope.Interface", IN("0") "," FIX("5.1")),
		     &c);
	vuln_try_osv(v,
		     ADVISORY("GHSA-x-y-z", "\"aliases\":[\"CVE-2026-7\"]," WORD("HIGH"),
			      "PyPI", "zope_interface", IN("4") "," FIX("5.2")),
		     &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0,
			"CVE-2026-7=GHSA-x-y-z=PYSEC-2026-1 zope-interface<5.2 high");
	assert_true(vuln_image(v, 0)->has_python);
	assert_false(vuln_image(v, 0)->has_system);
	vuln_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfixed),
		cmocka_unit_test(fixed),
		cmocka_unit_test(branches),
		cmocka_unit_test(ranges),
		cmocka_unit_test(last_affected),
		cmocka_unit_test(limits),
		cmocka_unit_test(versions),
		cmocka_unit_test(other_types),
		cmocka_unit_test(each_by_its_own_order),
		cmocka_unit_test(a_release_of_debian),
		cmocka_unit_test(withdrawn_and_broken),
		cmocka_unit_test(how_bad),
		cmocka_unit_test(upstream_and_aliases),
		cmocka_unit_test(python_by_any_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
