/* Databases of package managers as texts: what is there, what is not, and what is odd. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "trust/db.h"
#include "trust/osrelease.h"

typedef int reader(struct view text, struct db_out *out, struct err *e);

/* Reads text; each package as "name version arch source source_version license". */
static void reads(reader *read, struct view text, size_t flaws, const char *want)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	CLEANUP(buf_done)
	struct buf found = BUF_INIT(1u << 16);
	struct db_out out = { .list = &list, .path = VIEW("p"), .layer = 3 };
	struct err e = { 0 };
	size_t i;

	assert_int_equal(read(text, &out, &e), 0);
	for (i = 0; i < list.n; i++)
		buf_addf(&found, "%s%s %s %s %s %s %s", i > 0 ? "; " : "",
			 list.at[i].name, list.at[i].version, list.at[i].arch,
			 list.at[i].source, list.at[i].source_version,
			 list.at[i].license);
	assert_string_equal(buf_str(&found), want);
	assert_int_equal(out.flaws, flaws);
	assert_int_equal(out.flaw[0] != '\0', flaws > 0);
}

static void dpkg(void **state)
{
	reads(db_dpkg_read, VIEW(""), 0, "");
	reads(db_dpkg_read, VIEW("\n\n \n\n"), 0, "");
	reads(db_dpkg_read,
	      VIEW("Package: a\nStatus: install ok installed\nVersion:1\nArchitecture:  "
		   "all\n"
		   "Source: s (2-1)\nDescription: x\n Version: 9\n\tPackage: no\n\n\n"
		   "package: b\r\nVERSION: 2\r\n"),
	      0, "a 1 all s 2-1 ; b 2  b 2 ");
	reads(db_dpkg_read,
	      VIEW("Package: a\nVersion: 1\nStatus: hold ok unpacked\nSource: s ()\n\n"
		   "Package: b\nVersion: 1\nStatus: install ok\nSource: s (\n\n"
		   "Package: c\nVersion: 1\nStatus: purge ok not-installed\n\n"
		   "Package: d\nStatus: deinstall ok config-files\n\n"),
	      0, "a 1  s 1 ; b 1  s 1 ");
	reads(db_dpkg_read,
	      VIEW("Package: a\n\nVersion: 1\n\nno field\n\nPackage: b\nVersion: 2"), 3,
	      "b 2  b 2 ");
}

static void apk(void **state)
{
	reads(db_apk_read,
	      VIEW("P:a\nV:1-r0\nA:x86_64\nL:MIT\no:src\nF:bin\nR:P\nZ:V:9\n\n\n"
		   "P:b\nV:2\n\nV:3\n\nP:c"),
	      2, "a 1-r0 x86_64 src 1-r0 MIT; b 2  b 2 ");
	reads(db_apk_read, VIEW("\n\nP\n\n"), 1, "");
}

static void python(void **state)
{
	reads(db_python_read,
	      VIEW("Metadata-Version: 2.4\nName: A.b\nVersion: 1.0\n"
		   "License: long\n  text\nLicense-Expression: MIT\nLicense: no\n"
		   "\nVersion: 2\n"),
	      0, "A.b 1.0  A.b 1.0 MIT");
	reads(db_python_read, VIEW("Name: a\nVersion: 1\nName: b\nVersion: 2"), 0,
	      "a 1  a 1 ");
	reads(db_python_read, VIEW(""), 1, "");
	reads(db_python_read, VIEW("\nName: a\nVersion: 1\n"), 1, "");
}

static void rpmlist(void **state)
{
	reads(db_rpmlist_read,
	      VIEW("bash\t5.1-2.cm2\t1\t2\tVendor\t(none)\t9\tx86_64\t0\tbash-5.1-2.cm2."
		   "src.rpm\n"
		   "\nlib\t1-1\t1\t2\tV\t(none)\t9\tnoarch\t7\tsrc-pkg-1-1.src.rpm\n"
		   "short\t1\n\t2\n"),
	      1,
	      "bash 5.1-2.cm2 x86_64 bash 5.1-2.cm2 ; lib 7:1-1 noarch src-pkg 7:1-1 ; "
	      "short 1  short 1 ");
}

static void source_rpm(void **state)
{
	static const char *const odd[] = {
		"", "x", ".rpm", "a-1.src.rpm", "-1-2.src.rpm", "a-1-2"
	};
	CLEANUP(buf_done)
	struct buf version = BUF_INIT(64);
	struct view name;
	size_t i;

	db_source_rpm(VIEW("a-b-1.0-2.el9.nosrc.rpm"), VIEW(""), &name, &version);
	assert_true(view_is(name, "a-b"));
	assert_string_equal(buf_str(&version), "1.0-2.el9");
	db_source_rpm(VIEW("a-1-2.src.rpm"), VIEW("3"), &name, &version);
	assert_string_equal(buf_str(&version), "3:1-2");
	for (i = 0; i < ARRAY_LEN(odd); i++) {
		db_source_rpm(view_of(odd[i]), VIEW(""), &name, &version);
		assert_int_equal(name.n, 0);
		assert_int_equal(version.n, 0);
	}
}

static void flaws(void **state)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	struct db_out out = { .list = &list };

	assert_int_equal(db_dpkg_read(VIEW("Package: a\nVersion: 1\n\nPackage: b\n\n"),
				      &out, NULL),
			 0);
	assert_string_equal(out.flaw, "line 4: a package without version");
}

static void os(void **state)
{
	struct contents_os os = { 0 };

	osrelease_read(
		VIEW("# ID=no\nID=debian\r\nVERSION_ID=\"12\"\nVERSION_CODENAME='book "
		     "worm'\n"
		     "PRETTY_NAME=\"D \\\"12\\\" \\$x\" \nID_LIKE=a\\ b\nVERSION_ID_X=3\n"
		     " BUG\nNAME"),
		&os);
	assert_string_equal(os.id, "debian");
	assert_string_equal(os.version_id, "12");
	assert_string_equal(os.codename, "book worm");
	assert_string_equal(os.name, "D \"12\" $x");
	assert_string_equal(os.id_like, "a b");
	osrelease_debian(VIEW(" trixie/sid \nx"), &os);
	assert_string_equal(os.debian_version, "trixie/sid");
	osrelease_debian(
		VIEW("12345678901234567890123456789012345678901234567890123456789012"
		     "345678901234567890\x1b"),
		&os);
	assert_int_equal(strlen(os.debian_version), sizeof(os.debian_version) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dpkg),	      cmocka_unit_test(apk),
		cmocka_unit_test(python),     cmocka_unit_test(rpmlist),
		cmocka_unit_test(source_rpm), cmocka_unit_test(flaws),
		cmocka_unit_test(os),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
