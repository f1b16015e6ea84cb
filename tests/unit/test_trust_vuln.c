/* Systems by their names in data; sources that agree, and that do not. */
#include "unit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "trust/vuln_impl.h"
#include "trust/vuln_system.h"
#include "trust/vuln_tracker.h"
#include "vuln_try.h"

#define RHEL(v) "Red Hat:enterprise_linux:" v
#define SLES(v) "SUSE:Linux Enterprise Server " v

static void system_is(const char *id, const char *version, const char *codename,
		      const char *debian_version, const char *name, const char *want,
		      const char *want_codename)
{
	struct contents_os os = { 0 };
	char system[192], got[64];

	snprintf(os.id, sizeof(os.id), "%s", id);
	snprintf(os.version_id, sizeof(os.version_id), "%s", version);
	snprintf(os.codename, sizeof(os.codename), "%s", codename);
	snprintf(os.debian_version, sizeof(os.debian_version), "%s", debian_version);
	snprintf(os.name, sizeof(os.name), "%s", name);
	vuln_system(&os, system, got);
	assert_string_equal(system, want);
	assert_string_equal(got, want_codename);
}

static void systems(void **state)
{
	system_is("debian", "12", "bookworm", "12.5", "", "Debian:12", "bookworm");
	system_is("debian", "11", "", "11.9", "", "Debian:11", "bullseye");
	system_is("debian", "", "", "trixie/sid", "", "Debian:13", "trixie");
	system_is("debian", "", "forky", "forky/sid", "", "Debian:14", "forky");
	system_is("debian", "", "sid", "", "", "Debian:sid", "sid");
	system_is("debian", "", "", "12.1", "", "Debian:12", "bookworm");
	system_is("debian", "", "", "", "", "", "");
	system_is("ubuntu", "22.04", "jammy", "", "", "Ubuntu:22.04", "");
	system_is("alpine", "3.19.1", "", "", "", "Alpine:v3.19", "");
	system_is("alpine", "3.22.0_alpha20250108", "", "", "", "Alpine:edge", "");
	system_is("alpine", "3", "", "", "", "", "");
	system_is("wolfi", "20230201", "", "", "", "Wolfi", "");
	system_is("rocky", "9.3", "", "", "", "Rocky Linux:9", "");
	system_is("almalinux", "8.10", "", "", "", "AlmaLinux:8", "");
	system_is("rhel", "9.4", "", "", "Red Hat Enterprise Linux 9.4 (Plow)",
		  "Red Hat:enterprise_linux:9", "");
	system_is("sles", "15.6", "", "", "SUSE Linux Enterprise Server 15 SP6",
		  "SUSE:Linux Enterprise Server 15 SP6", "");
	system_is("opensuse-leap", "15.5", "", "", "openSUSE Leap 15.5",
		  "openSUSE:Leap 15.5", "");
	system_is("fedora", "40", "", "", "", "", "");
	system_is("", "", "", "", "", "", "");
	assert_true(vuln_system_is("Ubuntu:22.04", "Ubuntu:22.04:LTS"));
	assert_false(vuln_system_is("Ubuntu:22.04", "Ubuntu:Pro:22.04:LTS"));
	assert_false(vuln_system_is("Debian:1", "Debian:12"));
	assert_false(vuln_system_is("Debian:12", "Debian:1"));
	assert_true(vuln_system_is("Debian:12", "Debian"));
	assert_false(vuln_system_is("", "Debian"));
	assert_true(vuln_system_is(RHEL("9"), RHEL("9::baseos")));
	assert_true(vuln_system_is(RHEL("10"), RHEL("10.1")));
	assert_false(vuln_system_is(RHEL("9"), RHEL("95::baseos")));
	assert_false(vuln_system_is(RHEL("9"), "Red Hat:rhel_eus:9.4::baseos"));
	assert_true(vuln_system_is(SLES("15 SP6"),
				   "SUSE:Linux Enterprise Module for Basesystem 15 SP6"));
	assert_true(vuln_system_is(SLES("15 SP3"), SLES("15 SP3-LTSS")));
	assert_false(vuln_system_is(SLES("15 SP6"), SLES("15 SP60")));
	assert_false(vuln_system_is(
		SLES("15 SP6"), "SUSE:Linux Enterprise Module for Basesystem 15 SP5"));
}

static const struct vuln_one alpine = { .os = "alpine",
					.version_id = "3.19.1",
					.kind = PACKAGE_APK,
					.name = "libcrypto3",
					.version = "3.1.4-r2",
					.source = "openssl" };

static void secdb(struct vuln *v, const char *version, const char *fixes,
		  struct vuln_count *c)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(65536);
	struct json *doc;
	struct err e;

	buf_addf(&text,
		 "{\"distroversion\":\"%s\",\"reponame\":\"main\",\"packages\":[{\"pkg\":"
		 "{\"name\":\"openssl\",\"secfixes\":{%s}}}]}",
		 version, fixes);
	doc = json_parse(buf_view(&text), NULL);
	assert_true(vuln_secdb_is(doc));
	assert_int_equal(vuln_secdb_read(v, doc, c, &e), 0);
	json_free(doc);
}

static void secdb_finds(const char *version, const char *fixes, const char *want)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &alpine);
	secdb(v, version, fixes, &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, want);
	vuln_free(v);
}

static void alpines_database(void **state)
{
	secdb_finds("v3.19", "\"3.1.4-r3\":[\"CVE-2023-6237\"]",
		    "CVE-2023-6237 openssl<3.1.4-r3 unknown");
	secdb_finds("v3.19", "\"3.1.4-r2\":[\"CVE-2023-6237\"]", "");
	secdb_finds("v3.19", "\"3.1.4-r10\":[\"CVE-2023-6237\"]",
		    "CVE-2023-6237 openssl<3.1.4-r10 unknown");
	secdb_finds("v3.20", "\"3.1.4-r3\":[\"CVE-2023-6237\"]", "");
	secdb_finds("v3.1", "\"3.1.4-r3\":[\"CVE-2023-6237\"]", "");
	/* never affected */
	secdb_finds("v3.19", "\"0\":[\"CVE-2023-6237\"]", "");
	/* several names of one; what is no name; ids of other kinds */
	secdb_finds("v3.19",
		    "\"3.1.4-r3\":[\"CVE-2023-1 GHSA-aa-bb (part 2)\",\"XSA-9\"]",
		    "CVE-2023-1=GHSA-aa-bb openssl<3.1.4-r3 unknown; "
		    "XSA-9 openssl<3.1.4-r3 unknown");
	/* an advisory about two is not a name of both; two in one entry are two */
	secdb_finds(
		"v3.19",
		"\"3.1.4-r3\":[\"CVE-2017-10913 XSA-218\",\"CVE-2017-10914 XSA-218\"]",
		"CVE-2017-10913=XSA-218 openssl<3.1.4-r3 unknown; "
		"CVE-2017-10914=XSA-218 openssl<3.1.4-r3 unknown");
	secdb_finds("v3.19", "\"3.1.4-r3\":[\"CVE-2018-3620 CVE-2018-3646 XSA-273\"]",
		    "CVE-2018-3620=XSA-273 openssl<3.1.4-r3 unknown; "
		    "CVE-2018-3646=XSA-273 openssl<3.1.4-r3 unknown");
	/* fixed again later: the first was not enough */
	secdb_finds("v3.19",
		    "\"3.1.4-r1\":[\"CVE-2023-1\"],\"3.1.4-r5\":[\"CVE-2023-1\"]",
		    "CVE-2023-1 openssl<3.1.4-r5 unknown");
	secdb_finds("v3.19",
		    "\"3.1.4-r5\":[\"CVE-2023-1\"],\"3.1.4-r1\":[\"CVE-2023-1\"]",
		    "CVE-2023-1 openssl<3.1.4-r5 unknown");
}

static void a_broken_database(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct json *doc;
	struct err e = { 0 };

	vuln_try_add(v, &alpine);
	secdb(v, "v3.19", "\"1\":[1,null,\"none\",\"\"],\"2\":3,\"9-r0\":[\"CVE-1\"]",
	      &c);
	assert_int_equal(c.broken, 5);
	doc = json_parse(VIEW("{\"reponame\":\"main\",\"packages\":[]}"), NULL);
	assert_err(vuln_secdb_read(v, doc, &c, &e), e, ERR_INVALID);
	json_free(doc);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, "CVE-1 openssl<9-r0 unknown");
	vuln_free(v);
}

/* --- Debian's tracker --- */

static const struct vuln_one bookworm = { .os = "debian",
					  .version_id = "12",
					  .codename = "bookworm",
					  .kind = PACKAGE_DEB,
					  .name = "zlib1g",
					  .version = "1:1.2.13.dfsg-1+b1",
					  .source = "zlib",
					  .source_version = "1:1.2.13.dfsg-1" };

static int tracker(struct vuln *v, const char *text, struct vuln_count *c, struct err *e)
{
	int fd = memfd_create("tracker", MFD_CLOEXEC), rc;

	assert_int_equal(fs_pwrite_all(fd, text, strlen(text), 0, NULL), 0);
	rc = vuln_tracker_read(v, fd, c, e);
	close(fd);
	return rc;
}

#define ROW(release) "{\"zlib\":{\"CVE-2023-1\":{\"releases\":{" release "}}}}"

static void tracker_finds(const char *text, const char *want)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	vuln_try_add(v, &bookworm);
	assert_int_equal(tracker(v, text, &c, &e), 0);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, want);
	vuln_free(v);
}

static void debians_tracker(void **state)
{
	tracker_finds(ROW("\"bookworm\":{\"status\":\"open\",\"urgency\":\"high\"}"),
		      "CVE-2023-1 zlib<? high");
	tracker_finds(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
			  "\"1:1.2.13.dfsg-1.1\",\"urgency\":\"not yet assigned\"}"),
		      "CVE-2023-1 zlib<1:1.2.13.dfsg-1.1 unknown");
	/* of the source's version, not of the build after it */
	tracker_finds(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
			  "\"1:1.2.13.dfsg-1\"}"),
		      "");
	tracker_finds(
		ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":\"0\"}"),
		"");
	/* without an epoch it would be newer */
	tracker_finds(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
			  "\"9.0\"}"),
		      "");
	tracker_finds(ROW("\"bookworm\":{\"status\":\"undetermined\"}"),
		      "CVE-2023-1 zlib<? unknown undetermined");
	tracker_finds(ROW("\"bookworm\":{\"status\":\"open\",\"urgency\":"
			  "\"unimportant\"}"),
		      "CVE-2023-1 zlib<? negligible");
	tracker_finds(ROW("\"trixie\":{\"status\":\"open\"},\"sid\":{\"status\":"
			  "\"open\"}"),
		      "");
	tracker_finds("{\"zlib1g\":{\"CVE-2023-1\":{\"releases\":{\"bookworm\":{"
		      "\"status\":\"open\"}}}}}",
		      "");
}

static void notes_of_debian(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	vuln_try_add(v, &bookworm);
	assert_int_equal(
		tracker(v,
			"{\"zlib\":{\"CVE-1\":{\"releases\":{\"bookworm\":{\"status\":"
			"\"open\",\"nodsa\":\"Minor issue\",\"nodsa_reason\":"
			"\"postponed\"}}},\"CVE-2\":{\"releases\":{\"bookworm\":{"
			"\"status\":\"open\",\"urgency\":\"end-of-life\"}}},\"bad id\":"
			"{\"releases\":{}},\"CVE-3\":[]},\"other\":7}",
			&c, &e),
		0);
	assert_int_equal(c.broken, 3);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_int_equal(vuln_image(v, 0)->n, 2);
	assert_string_equal(vuln_image(v, 0)->finding[0].note,
			    "no DSA, postponed: Minor issue");
	assert_string_equal(vuln_image(v, 0)->finding[1].note,
			    "end of life: it will not be fixed");
	vuln_free(v);
}

static void a_cut_tracker(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e = { 0 };

	vuln_try_add(v, &bookworm);
	assert_err(tracker(v,
			   "{\"zlib\":{\"CVE-1\":{\"releases\":{\"bookworm\":{"
			   "\"status\":\"open\"}}},\"CVE-2\":{\"rel",
			   &c, &e),
		   e, ERR_INVALID);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, "CVE-1 zlib<? unknown"); /* what came before */
	vuln_free(v);
}

/* Is there data of the image's release? */
static void coverage(void **state)
{
	static const struct vuln_one old = { .os = "debian",
					     .version_id = "10",
					     .codename = "buster",
					     .kind = PACKAGE_DEB,
					     .name = "bash",
					     .version = "5.0-4" };
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	vuln_try_add(v, &bookworm);
	vuln_try_add(v, &old);
	vuln_try_add(v, &alpine);
	assert_int_equal(tracker(v,
				 "{\"any\":{\"CVE-1\":{\"releases\":{\"bookworm\":{"
				 "\"status\":\"open\"}}}}}",
				 &c, &e),
			 0);
	assert_true(vuln_image(v, 0)->has_system);
	assert_false(vuln_image(v, 1)->has_system);
	assert_false(vuln_image(v, 2)->has_system);
	assert_false(vuln_image(v, 0)->has_python);
	secdb(v, "v3.19", "", &c);
	assert_true(vuln_image(v, 2)->has_system);
	vuln_free(v);
}

/* --- more than one source --- */

#define OSV(fix, more)                                                                   \
	"{\"id\":\"DEBIAN-CVE-2023-1\",\"modified\":\"2026-01-02T03:04:05Z\","           \
	"\"upstream\":[\"CVE-2023-1\"]," more                                            \
	"\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"zlib\"},"    \
	"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}" fix     \
	"]}]}]}"
#define CVSS                                                                             \
	"\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"                                 \
	"\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],"

static void both_find(const char *row, const char *osv, const char *want)
{
	int turn;

	for (turn = 0; turn < 2; turn++) { /* in either order */
		struct vuln *v = vuln_new();
		struct vuln_count c = { 0 };
		struct err e;

		vuln_try_add(v, &bookworm);
		if (turn == 0)
			vuln_try_osv(v, osv, &c);
		assert_int_equal(tracker(v, row, &c, &e), 0);
		if (turn == 1)
			vuln_try_osv(v, osv, &c);
		assert_int_equal(vuln_finish(v, NULL), 0);
		assert_findings(v, 0, want);
		vuln_free(v);
	}
}

static void the_distribution_decides(void **state)
{
	/* it says no */
	both_find(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":\"0\"}"),
		  OSV("", CVSS), "");
	both_find(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
		      "\"1:1.2.13.dfsg-1\"}"),
		  OSV(",{\"fixed\":\"1:1.3\"}", CVSS), "");
	/* it says yes, and which version; OSV how bad */
	both_find(ROW("\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
		      "\"1:1.2.13.dfsg-2\",\"urgency\":\"low\"}"),
		  OSV(",{\"fixed\":\"1:1.3\"}", CVSS),
		  "CVE-2023-1=DEBIAN-CVE-2023-1 zlib<1:1.2.13.dfsg-2 critical");
	both_find(ROW("\"bookworm\":{\"status\":\"open\",\"urgency\":\"low\"}"),
		  OSV(",{\"fixed\":\"1:1.0\"}", CVSS),
		  "CVE-2023-1=DEBIAN-CVE-2023-1 zlib<? critical");
	/* but what it calls unimportant is */
	both_find(ROW("\"bookworm\":{\"status\":\"open\",\"urgency\":\"unimportant\"}"),
		  OSV("", CVSS), "CVE-2023-1=DEBIAN-CVE-2023-1 zlib<? negligible");
	/* it says nothing */
	both_find(ROW("\"trixie\":{\"status\":\"open\"}"),
		  OSV(",{\"fixed\":\"1:1.3\"}", ""),
		  "CVE-2023-1=DEBIAN-CVE-2023-1 zlib<1:1.3 unknown");
}

/* Python that belongs to a package of the system. */
static void whose_python(void **state)
{
	static const struct {
		const char *os, *path;
		size_t python;
	} cases[] = {
		{ "debian", "usr/lib/python3/dist-packages/six.egg-info", 0 },
		{ "debian", "usr/local/lib/python3.11/dist-packages/six-1.dist-info/M",
		  1 },
		{ "debian", "usr/local/lib/python3.11/site-packages/six-1.dist-info/M",
		  1 },
		{ "alpine", "usr/lib/python3.11/site-packages/six-1.dist-info/M", 1 },
	};
	struct package both[2] = {
		{ PACKAGE_APK, "py3-six", "py3-six", "1-r0", "x", "py3-six", "1-r0", "",
		  "", 0 },
		{ PACKAGE_PYTHON, "six", "six", "1", "", "six", "1", "",
		  "usr/lib/python3.11/site-packages/six-1.dist-info/METADATA", 0 },
	};
	struct contents c = { .packages = { both, 2, 2 }, .os.id = "alpine" };
	struct vuln *v = vuln_new();
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct vuln_one one = { .os = cases[i].os,
					.version_id = "12",
					.kind = PACKAGE_PYTHON,
					.name = "six",
					.version = "1",
					.path = cases[i].path };

		assert_int_equal(vuln_image(v, vuln_try_add(v, &one))->python,
				 cases[i].python);
	}
	assert_int_equal(vuln_add_image(v, &c, &e), 0);
	assert_int_equal(vuln_image(v, vuln_images(v) - 1)->python, 0);
	assert_int_equal(vuln_image(v, vuln_images(v) - 1)->units, 1);
	vuln_free(v);
}

/* Two images, one pass; what the newer one has no more. */
static void another_image(void **state)
{
	struct vuln_one newer = bookworm;
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	struct err e;

	newer.source_version = "1:1.2.13.dfsg-5";
	vuln_try_add(v, &bookworm);
	vuln_try_add(v, &newer);
	assert_int_equal(
		tracker(v,
			"{\"zlib\":{\"CVE-1\":{\"releases\":{\"bookworm\":{\"status\":"
			"\"open\"}}},\"CVE-2\":{\"releases\":{\"bookworm\":{\"status\":"
			"\"resolved\",\"fixed_version\":\"1:1.2.13.dfsg-4\"}}}}}",
			&c, &e),
		0);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, "CVE-1 zlib<? unknown; CVE-2 zlib<1:1.2.13.dfsg-4 unknown");
	assert_findings(v, 1, "CVE-1 zlib<? unknown");
	assert_true(vuln_has(v, 1, &vuln_image(v, 0)->finding[0]));
	assert_false(vuln_has(v, 1, &vuln_image(v, 0)->finding[1]));
	vuln_free(v);
}

/* Data that say too much of one image end the scan, with a word about it. */
static void limits(void **state)
{
	const char *id = "CVE-1";
	struct vuln_verdict d = { .source = VULN_OSV,
				  .state = VERDICT_AFFECTED,
				  .fixed = "",
				  .note = "",
				  .id = &id,
				  .nids = 1,
				  .nsame = 1 };
	struct vuln *v = vuln_new();
	struct err e = { 0 };

	vuln_try_add(v, &bookworm);
	assert_int_equal(vuln_say(v, &d, &e), 0);
	v->text_bytes = VULN_MAX_TEXT - 1;
	assert_int_equal(vuln_say(v, &d, &e), 0);
	v->text_bytes = VULN_MAX_TEXT;
	assert_err(vuln_say(v, &d, &e), e, ERR_LIMIT);
	v->text_bytes = 0;
	v->nverdicts = VULN_MAX_VERDICTS;
	assert_err(vuln_say(v, &d, &e), e, ERR_LIMIT);
	v->nverdicts = 2;
	assert_int_equal(vuln_finish(v, &e), 0);
	assert_findings(v, 0, "CVE-1 zlib<? unknown");
	vuln_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(systems),
		cmocka_unit_test(alpines_database),
		cmocka_unit_test(a_broken_database),
		cmocka_unit_test(debians_tracker),
		cmocka_unit_test(notes_of_debian),
		cmocka_unit_test(a_cut_tracker),
		cmocka_unit_test(coverage),
		cmocka_unit_test(the_distribution_decides),
		cmocka_unit_test(whose_python),
		cmocka_unit_test(another_image),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
