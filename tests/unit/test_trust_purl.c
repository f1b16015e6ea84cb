/* Package URLs, as the specification's examples have them, and licences. */
#include "contents_try.h"

#include "base/buf.h"
#include "base/mem.h"
#include "trust/license.h"
#include "trust/purl.h"

static void is(const char *os, const char *version, const struct package_found *found,
	       const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(PURL_MAX_BYTES);
	struct contents c;

	try_begin(&c);
	try_system(&c, os, version, "");
	try_add(&c, found);
	assert_int_equal(purl_package(&c.packages.at[0], &c.os, &out), 0);
	assert_string_equal(buf_str(&out), want);
	try_end(&c);
}

static void packages(void **state)
{
	is("debian", "12",
	   &(struct package_found){ .kind = PACKAGE_DEB,
				    .name = VIEW("libc6"),
				    .version = VIEW("2.36-9+deb12u4"),
				    .arch = VIEW("amd64"),
				    .source = VIEW("glibc"),
				    .source_version = VIEW("2.36-9+deb12u4") },
	   "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream="
	   "glibc");
	is("debian", "12",
	   &(struct package_found){ .kind = PACKAGE_DEB,
				    .name = VIEW("attr"),
				    .version = VIEW("1:2.4.47-2+b1"),
				    .arch = VIEW("amd64"),
				    .source_version = VIEW("1:2.4.47-2") },
	   "pkg:deb/debian/"
	   "attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12&upstream=attr%"
	   "401:2.4.47-2");
	is("", "",
	   &(struct package_found){ .kind = PACKAGE_DEB,
				    .name = VIEW("dpkg"),
				    .version = VIEW("1.19.0.4~x") },
	   "pkg:deb/debian/dpkg@1.19.0.4~x");
	is("alpine", "3.19.1",
	   &(struct package_found){ .kind = PACKAGE_APK,
				    .name = VIEW("libcrypto3"),
				    .version = VIEW("3.1.4-r1"),
				    .arch = VIEW("x86_64"),
				    .source = VIEW("openssl") },
	   "pkg:apk/alpine/libcrypto3@3.1.4-r1?arch=x86_64&distro=alpine-3.19.1&upstream="
	   "openssl");
	is("rhel", "9.3",
	   &(struct package_found){ .kind = PACKAGE_RPM,
				    .name = VIEW("openssl-libs"),
				    .version = VIEW("1:3.0.7-24.el9"),
				    .arch = VIEW("x86_64"),
				    .source = VIEW("openssl"),
				    .source_version = VIEW("1:3.0.7-24.el9") },
	   "pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&distro=rhel-9.3&epoch=1&"
	   "upstream=openssl-3.0.7-24.el9.src.rpm");
	is("fedora", "25",
	   &(struct package_found){ .kind = PACKAGE_RPM,
				    .name = VIEW("curl"),
				    .version = VIEW("7.50.3-1.fc25"),
				    .arch = VIEW("i386") },
	   "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25");
	is("debian", "12",
	   &(struct package_found){ .kind = PACKAGE_PYTHON,
				    .name = VIEW("Django_AllAuth"),
				    .version = VIEW("12.23+Local") },
	   "pkg:pypi/django-allauth@12.23%2Blocal");
	/* Names that would be something else in a URL. */
	is("debian", "12",
	   &(struct package_found){ .kind = PACKAGE_DEB,
				    .name = VIEW("a/b?c#d@e&f=g%h"),
				    .version = VIEW("1 2"),
				    .arch = VIEW("x&y=z") },
	   "pkg:deb/debian/a%2Fb%3Fc%23d%40e%26f%3Dg%25h@1%202?arch=x%26y%3Dz&distro="
	   "debian-12");
}

static void images(void **state)
{
	struct buf out = BUF_INIT(PURL_MAX_BYTES);
	struct digest d;

	digest_of(HASH_SHA256, "", 0, &d);
	assert_int_equal(
		purl_image("docker.io/library/debian", "latest", &d, "amd64", &out), 0);
	assert_string_equal(
		out.p,
		"pkg:oci/debian@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b9"
		"34ca495991b7852b855?arch=amd64&repository_url=docker.io%2Flibrary%"
		"2Fdebian&tag=latest");
	buf_clear(&out);
	assert_int_equal(purl_image("app", "", &d, "", &out), 0);
	assert_non_null(strstr(out.p, "pkg:oci/app@sha256:"));
	assert_non_null(strstr(out.p, "?repository_url=app"));
	buf_done(&out);
}

static void too_long(void **state)
{
	char *text = unit_repeat('/', PACKAGE_TEXT_MAX);
	struct view v = view_of(text);
	struct contents c;
	struct buf out = BUF_INIT(PURL_MAX_BYTES), small = BUF_INIT(100);

	try_begin(&c);
	try_system(&c, "debian", "12", "");
	try_add(&c, &(struct package_found){ .kind = PACKAGE_DEB,
					     .name = VIEW("x"),
					     .version = v,
					     .arch = v,
					     .source = v,
					     .source_version = VIEW("1") });
	assert_int_equal(purl_package(&c.packages.at[0], &c.os, &out), 0);
	assert_int_equal(purl_package(&c.packages.at[0], &c.os, &small), -1);
	buf_done(&out);
	buf_done(&small);
	try_end(&c);
	test_free(text);
}

static void licenses(void **state)
{
	static const struct {
		const char *text;
		enum license_form form;
	} rows[] = {
		{ "", LICENSE_NONE },
		{ "MIT", LICENSE_ID },
		{ "0BSD", LICENSE_ID },
		{ "zlib-acknowledgement", LICENSE_ID },
		{ "GPL-2.0+", LICENSE_ID },
		{ "MIT AND Zlib", LICENSE_EXPRESSION },
		{ "(MIT)", LICENSE_EXPRESSION },
		{ "MIT AND (GPL-2.0-only OR BSD-3-Clause)", LICENSE_EXPRESSION },
		{ "GPL-2.0-or-later WITH GCC-exception-3.1", LICENSE_EXPRESSION },
		{ "MIT License", LICENSE_TEXT },
		{ "mit", LICENSE_TEXT },
		{ "BSD", LICENSE_TEXT },
		{ "MIT AND", LICENSE_TEXT },
		{ "AND MIT", LICENSE_TEXT },
		{ "(MIT", LICENSE_TEXT },
		{ "MIT)", LICENSE_TEXT },
		{ "()", LICENSE_TEXT },
		{ " ", LICENSE_TEXT },
		{ "MIT MIT", LICENSE_TEXT },
		{ "MIT WITH", LICENSE_TEXT },
		{ "MIT WITH MIT", LICENSE_TEXT },
		{ "(MIT OR ISC) WITH GCC-exception-3.1", LICENSE_TEXT },
		{ "GPL-2.0-only WITH GCC-exception-3.1 WITH GCC-exception-3.1",
		  LICENSE_TEXT },
		{ "MIT custom", LICENSE_TEXT },
		{ "Apache", LICENSE_TEXT },
		{ "Apache-2.0x", LICENSE_TEXT },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (license_form(rows[i].text) != rows[i].form)
			fail_msg("%s: %d", rows[i].text, (int)license_form(rows[i].text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages),
		cmocka_unit_test(images),
		cmocka_unit_test(too_long),
		cmocka_unit_test(licenses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
