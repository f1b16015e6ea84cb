/* Whose an advisory is and what its ids are, as distributions publish them. */
#include "unit.h"

#include "vuln_try.h"

#define IN(v) "{\"introduced\":\"" v "\"}"
#define FIX(v) "{\"fixed\":\"" v "\"}"

#define ADVISORY(id, more, ecosystem, name, events)                                      \
	"{\"id\":\"" id "\",\"modified\":\"2026-01-02T03:04:05Z\"," more                 \
	"\"affected\":[{\"package\":{\"ecosystem\":\"" ecosystem "\",\"name\":\"" name   \
	"\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]}]}"

/* --- those who build Red Hat's packages again --- */

static const struct vuln_one alma = { .os = "almalinux",
				      .version_id = "8.10",
				      .kind = PACKAGE_RPM,
				      .name = "ruby",
				      .version = "3.3.1-1.el8" };

static void alma_finds(const char *version, const char *text, const char *want)
{
	struct vuln_one image = alma;
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	image.version = version;
	vuln_try_add(v, &image);
	vuln_try_osv(v, text, &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, want);
	assert_int_equal(c.broken, 0);
	vuln_free(v);
}

#define ALMA(id, more, fixed)                                                            \
	ADVISORY(id, more, "AlmaLinux:8", "ruby", IN("0") "," FIX(fixed))
#define RELATED "\"related\":[\"CVE-2026-2\",\"ALSA-2026:3\",\"CVE-2026-1\"],"

/* The CVEs are in `related`, how bad it is in the summary. */
static void an_erratum(void **state)
{
	alma_finds("3.3.1-1.el8",
		   ALMA("ALSA-2026:1",
			RELATED "\"summary\":\"Important: ruby security update\",",
			"3.3.1-2.el8"),
		   "CVE-2026-1=ALSA-2026:1 ruby<3.3.1-2.el8 high; "
		   "CVE-2026-2=ALSA-2026:1 ruby<3.3.1-2.el8 high");
	alma_finds("3.3.1-1.el8",
		   ALMA("ALSA-2026:1",
			"\"related\":[\"CVE-2026-1\"],\"summary\":\"ruby: a fix\",",
			"3.3.1-2.el8"),
		   "CVE-2026-1=ALSA-2026:1 ruby<3.3.1-2.el8 unknown");
	/* those that say what they are about as the schema has it */
	alma_finds("3.3.1-1.el8",
		   ALMA("ALSA-2026:1",
			"\"upstream\":[\"CVE-2026-1\"],\"related\":[\"ALSA-1\"],",
			"3.3.1-2.el8"),
		   "CVE-2026-1=ALSA-2026:1 ruby<3.3.1-2.el8 unknown");
	/* which mends no vulnerability, and one that does */
	alma_finds("3.3.1-1.el8",
		   ALMA("ALBA-2026:1", "\"summary\":\"ruby bug fix\",", "3.3.1-2.el8"),
		   "");
	alma_finds("3.3.1-1.el8", ALMA("ALBA-2026:1", RELATED, "3.3.1-2.el8"),
		   "CVE-2026-1=ALBA-2026:1 ruby<3.3.1-2.el8 unknown; "
		   "CVE-2026-2=ALBA-2026:1 ruby<3.3.1-2.el8 unknown");
}

/* What is related to a vulnerability of PyPI is another one. */
static void related_is_another(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &(struct vuln_one){ .os = "",
					    .version_id = "",
					    .kind = PACKAGE_PYTHON,
					    .name = "six",
					    .version = "1" });
	vuln_try_osv(v, ADVISORY("PYSEC-2026-1", RELATED, "PyPI", "six", IN("0")), &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, "PYSEC-2026-1 six<? unknown");
	vuln_free(v);
}

/* A package of a module is compared with those of modules, whatever each was built for.
 */
static void modules(void **state)
{
	const char *text = ALMA("ALSA-2026:1", "\"related\":[\"CVE-2026-1\"],",
				"3.3.1-2.module_el8.5.0+71+8f3a675d");
	const char *has =
		"CVE-2026-1=ALSA-2026:1 ruby<3.3.1-2.module_el8.5.0+71+8f3a675d "
		"unknown";

	alma_finds("3.3.1-1.module_el8.4.0+9+aaaaaaaa", text, has);
	alma_finds("3.3.1-1.module+el8.9.0+9+aaaaaaaa", text, has);
	alma_finds("3.3.1-2.module_el8.3.0+70+11111111", text, "");
	alma_finds("3.3.1-3.module_el8.3.0+70+11111111", text, "");
	alma_finds("0:3.3.1-2.module_el8.3.0+70+11111111", text, "");
	alma_finds("1:3.3.1-1.module_el8.3.0+70+11111111", text, "");
	alma_finds("2.5.1-1.el8", text, "");
	alma_finds("3.3.1-1.module_el8.4.0+9+aaaaaaaa",
		   ALMA("ALSA-2026:1", "\"related\":[\"CVE-2026-1\"],", "9-1.el8"), "");
}

static const struct vuln_one bookworm = { .os = "debian",
					  .version_id = "12",
					  .codename = "bookworm",
					  .kind = PACKAGE_DEB,
					  .name = "libssl3",
					  .version = "3.0.11-1~deb12u1",
					  .source = "openssl",
					  .source_version = "3.0.11-1~deb12u1" };

/* A kernel's advisory: each CVE counts, as many as there are; and an id that is another's
 * with a word before it is not one more. */
static void many_names(void **state)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1 << 20);
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };
	size_t i;

	vuln_try_add(v, &bookworm);
	buf_adds(&text, "{\"id\":\"USN-1-1\",\"modified\":\"2026-01-02T03:04:05Z\","
			"\"upstream\":[\"UBUNTU-CVE-2026-0\"");
	for (i = 0; i < VULN_MAX_IDS + 1; i++)
		buf_addf(&text, ",\"CVE-2026-%zu\"", i);
	buf_adds(&text, "],\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
			"\"name\":\"openssl\"},\"versions\":[\"3.0.11-1~deb12u1\"]}]}");
	vuln_try_osv(v, buf_str(&text), &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_int_equal(vuln_image(v, 0)->n, VULN_MAX_IDS - 1);
	for (i = 0; i < vuln_image(v, 0)->n; i++)
		assert_string_equal(vuln_image(v, 0)->finding[i].alias[0], "USN-1-1");
	vuln_free(v);
}

static void ubuntu_finds(const char *text, const char *want)
{
	struct vuln *v = vuln_new();
	struct vuln_count c = { 0 };

	vuln_try_add(v, &(struct vuln_one){ .os = "ubuntu",
					    .version_id = "22.04",
					    .kind = PACKAGE_DEB,
					    .name = "wayland",
					    .version = "1.20.0-1" });
	vuln_try_osv(v, text, &c);
	assert_int_equal(vuln_finish(v, NULL), 0);
	assert_findings(v, 0, want);
	vuln_free(v);
}

#define UBUNTU(id, more)                                                                 \
	ADVISORY(id, more, "Ubuntu:22.04:LTS", "wayland", IN("0") "," FIX("1.20.0-2"))

/* As Canonical publishes them, and as OSV hands them on. */
static void a_word_before_a_cve(void **state)
{
	static const char two[] = "CVE-2026-1=USN-1-1 wayland<1.20.0-2 unknown; "
				  "CVE-2026-2=USN-1-1 wayland<1.20.0-2 unknown";

	ubuntu_finds(UBUNTU("USN-1-1", "\"upstream\":[\"UBUNTU-CVE-2026-1\"],"),
		     "CVE-2026-1=USN-1-1 wayland<1.20.0-2 unknown");
	ubuntu_finds(UBUNTU("USN-1-1", "\"upstream\":[\"UBUNTU-CVE-2026-1\","
				       "\"UBUNTU-CVE-2026-2\"],"),
		     two);
	ubuntu_finds(UBUNTU("USN-1-1",
			    "\"upstream\":[\"CVE-2026-1\",\"UBUNTU-CVE-2026-2\","
			    "\"UBUNTU-CVE-2026-1\",\"CVE-2026-2\"],"),
		     two);
	ubuntu_finds(UBUNTU("UBUNTU-CVE-2026-1", "\"related\":[\"CVE-2026-9\"],"),
		     "CVE-2026-1=UBUNTU-CVE-2026-1 wayland<1.20.0-2 unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_erratum),
		cmocka_unit_test(related_is_another),
		cmocka_unit_test(modules),
		cmocka_unit_test(many_names),
		cmocka_unit_test(a_word_before_a_cve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
