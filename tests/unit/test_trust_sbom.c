/* Bills of materials: what is in them, that they are always the same, and well formed
 * whatever packages are called. tests/scenarios/test_sbom.py asks the schemas. */
#include "contents_try.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/json.h"
#include "trust/sbom.h"

static const struct sbom_image image = { .name = "docker.io/library/python",
					 .tag = "3.11-slim",
					 .when_s = 1704164645 };

static void add(struct contents *c, const char *name, const char *license)
{
	try_add(c, &(struct package_found){ .kind = PACKAGE_APK,
					    .name = view_of(name),
					    .version = VIEW("1.0-r0"),
					    .arch = VIEW("x86_64"),
					    .license = view_of(license),
					    .path = VIEW("lib/apk/db/installed") });
}

static void begin(struct contents *c)
{
	try_begin(c);
	try_system(c, "alpine", "3.19.1", "Alpine Linux v3.19");
	try_layer(c, "1", "1", 1);
	add(c, "musl", "MIT");
	add(c, "zlib", "");
	add(c, "gmp", "LGPL-3.0-or-later OR GPL-2.0-or-later");
	add(c, "odd", "as it pleases");
	add(c, "odd2", "as it pleases");
	add(c, "a\"b\\c</\x01>", "\"");
	packages_sort(&c->packages);
}

static struct json *write(enum sbom_format format, const struct contents *c)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(SBOM_MAX_BYTES), again = BUF_INIT(SBOM_MAX_BYTES);
	struct json *doc;
	struct err e;

	assert_int_equal(sbom_write(format, c, &image, &out, &e), 0);
	assert_int_equal(sbom_write(format, c, &image, &again, &e), 0);
	assert_string_equal(out.p, again.p);
	assert_true(out.p[out.n - 1] == '\n');
	buf_done(&again);
	doc = json_parse(buf_view(&out), &e);
	assert_non_null(doc);
	return doc;
}

/* All values of that member are different; adds them to seen. */
static void assert_unique(const struct json *list, const char *key, struct map *seen)
{
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		const char *id = json_get_str(json_at(list, i), key);

		assert_non_null(id);
		assert_null(map_get(seen, id));
		assert_int_equal(map_put(seen, id, seen), 0);
	}
}

static const struct json *named(const struct json *list, const char *name)
{
	size_t i;

	for (i = 0; i < json_len(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "name"), name) == 0)
			return json_at(list, i);
	fail_msg("no %s", name);
	return NULL;
}

static void spdx(void **state)
{
	struct map *seen = map_new(100);
	const struct json *packages, *relations, *licenses;
	struct contents c;
	struct json *doc;
	size_t i;

	begin(&c);
	doc = write(SBOM_SPDX, &c);
	assert_string_equal(json_get_str(doc, "spdxVersion"), "SPDX-2.3");
	assert_string_equal(json_get_str(doc, "name"),
			    "docker.io/library/python:3.11-slim");
	assert_string_equal(json_get_str(json_get(doc, "creationInfo"), "created"),
			    "2024-01-02T03:04:05Z");
	packages = json_get(doc, "packages");
	assert_int_equal(json_len(packages), 8); /* the image, the system, six */
	assert_unique(packages, "SPDXID", seen);
	assert_string_equal(json_get_str(named(packages, "musl"), "licenseDeclared"),
			    "MIT");
	assert_string_equal(json_get_str(named(packages, "zlib"), "licenseDeclared"),
			    "NOASSERTION");
	assert_string_equal(json_get_str(named(packages, "musl"), "sourceInfo"),
			    "built package from: musl 1.0-r0");
	licenses = json_get(doc, "hasExtractedLicensingInfos");
	assert_int_equal(json_len(licenses), 2); /* each text once */
	assert_string_equal(json_get_str(named(packages, "odd"), "licenseDeclared"),
			    json_get_str(named(packages, "odd2"), "licenseDeclared"));
	relations = json_get(doc, "relationships");
	assert_int_equal(json_len(relations), 8);
	assert_string_equal(json_get_str(json_at(relations, 0), "relationshipType"),
			    "DESCRIBES");
	for (i = 0; i < json_len(relations); i++)
		assert_non_null(map_get(
			seen, json_get_str(json_at(relations, i), "relatedSpdxElement")));
	json_free(doc);
	map_free(seen, NULL);
	try_end(&c);
}

static void cyclonedx(void **state)
{
	struct map *seen = map_new(100);
	const struct json *components, *all;
	struct contents c;
	struct json *doc;
	size_t i;

	begin(&c);
	doc = write(SBOM_CYCLONEDX, &c);
	assert_string_equal(json_get_str(doc, "specVersion"), "1.6");
	components = json_get(doc, "components");
	assert_int_equal(json_len(components), 7);
	assert_unique(components, "bom-ref", seen);
	all = json_get(json_at(json_get(doc, "dependencies"), 0), "dependsOn");
	assert_int_equal(json_len(all), 7);
	for (i = 0; i < json_len(all); i++)
		assert_non_null(map_get(seen, json_str(json_at(all, i))));
	assert_null(json_get(doc, "compositions"));
	assert_null(json_get(named(components, "zlib"), "licenses"));
	json_free(doc);
	map_free(seen, NULL);
	try_end(&c);
}

/* "name=value " of those that Trivy reads. */
static void for_trivy(enum package_kind kind, const char *version, const char *want)
{
	CLEANUP(buf_done)
	struct buf got = BUF_INIT(1000);
	const struct json *list;
	struct contents c;
	struct json *doc;
	size_t i;

	try_begin(&c);
	try_add(&c, &(struct package_found){ .kind = kind,
					     .name = VIEW("libssl3"),
					     .version = VIEW("1"),
					     .source = VIEW("openssl"),
					     .source_version = view_of(version),
					     .path = VIEW("x") });
	doc = write(SBOM_CYCLONEDX, &c);
	list = json_get(json_at(json_get(doc, "components"), 0), "properties");
	for (i = 0; i < json_len(list); i++) {
		const char *name = json_get_str(json_at(list, i), "name");

		if (strncmp(name, "aquasecurity:trivy:Src", 22) == 0)
			buf_addf(&got, "%s=%s ", name + 22,
				 json_get_str(json_at(list, i), "value"));
	}
	assert_string_equal(buf_str(&got), want);
	json_free(doc);
	try_end(&c);
}

static void sources_for_trivy(void **state)
{
	for_trivy(PACKAGE_DEB, "3.0-1~deb12u1",
		  "Name=openssl Release=1~deb12u1 Version=3.0 ");
	for_trivy(PACKAGE_DEB, "1:2.0-a-3",
		  "Name=openssl Epoch=1 Release=3 Version=2.0-a ");
	for_trivy(PACKAGE_RPM, "1:3.0.7-24.el9",
		  "Name=openssl Epoch=1 Release=24.el9 Version=3.0.7 ");
	for_trivy(PACKAGE_DEB, "20230311", "Name=openssl Version=20230311 ");
	for_trivy(PACKAGE_APK, "3.1.4-r5", "Name=openssl Version=3.1.4-r5 ");
	for_trivy(PACKAGE_PYTHON, "1", "");
	/* an epoch that is no number would make it refuse all */
	for_trivy(PACKAGE_DEB, "x:1-2", "Name=openssl Release=2 Version=x:1 ");
	for_trivy(PACKAGE_DEB, ":1-2", "Name=openssl Release=2 Version=:1 ");
	for_trivy(PACKAGE_DEB, "99999999999:1", "Name=openssl Version=99999999999:1 ");
	for_trivy(PACKAGE_DEB, "1-2:3", "Name=openssl Release=2:3 Version=1 ");
}

static void what_could_not_be_read_is_in_it(void **state)
{
	struct contents_gap gap = { 0, "var/lib/rpm/Packages",
				    "Berkeley DB is not read" };
	struct contents c;
	struct json *doc;

	begin(&c);
	c.gap = &gap;
	c.ngaps = 1;
	doc = write(SBOM_SPDX, &c);
	assert_string_equal(json_get_str(doc, "comment"),
			    "Not all of the image could be read: var/lib/rpm/Packages: "
			    "Berkeley DB is not read;");
	json_free(doc);
	doc = write(SBOM_CYCLONEDX, &c);
	assert_string_equal(
		json_get_str(json_at(json_get(doc, "compositions"), 0), "aggregate"),
		"incomplete");
	json_free(doc);
	try_end(&c);
}

static void an_image_without_anything(void **state)
{
	struct contents c;
	struct json *doc;

	try_begin(&c);
	doc = write(SBOM_SPDX, &c);
	assert_int_equal(json_len(json_get(doc, "packages")), 1);
	assert_int_equal(json_len(json_get(doc, "relationships")), 1);
	json_free(doc);
	doc = write(SBOM_CYCLONEDX, &c);
	assert_true(json_is_array(json_get(doc, "components")));
	json_free(doc);
	try_end(&c);
}

static void the_same_distribution_in_two_places(void **state)
{
	struct map *seen = map_new(100);
	struct contents c;
	struct json *doc;

	try_begin(&c);
	try_packages(&c, (const char *const[]){ "python pip 24.0 - a/METADATA",
						"python pip 24.0 - b/METADATA", NULL });
	doc = write(SBOM_SPDX, &c);
	assert_unique(json_get(doc, "packages"), "SPDXID", seen);
	json_free(doc);
	doc = write(SBOM_CYCLONEDX, &c);
	assert_unique(json_get(doc, "components"), "bom-ref", seen);
	json_free(doc);
	map_free(seen, NULL);
	try_end(&c);
}

static void limits(void **state)
{
	static const enum sbom_format formats[] = { SBOM_SPDX, SBOM_CYCLONEDX };
	struct contents c;
	size_t i, n, full;
	struct err e;

	begin(&c);
	for (i = 0; i < 2; i++) {
		struct buf whole = BUF_INIT(1 << 20);

		assert_int_equal(sbom_write(formats[i], &c, &image, &whole, &e), 0);
		full = whole.n;
		for (n = 0; n < full; n += 97) {
			struct buf out = BUF_INIT(n);

			assert_err(sbom_write(formats[i], &c, &image, &out, &e), e,
				   ERR_LIMIT);
			buf_done(&out);
		}
		buf_done(&whole);
	}
	try_end(&c);
}

static void words(void **state)
{
	enum sbom_format f;
	struct err e = { 0 };

	assert_int_equal(sbom_format_parse("SPDX", &f, &e), 0);
	assert_int_equal(f, SBOM_SPDX);
	assert_int_equal(sbom_format_parse("cyclonedx-json", &f, &e), 0);
	assert_int_equal(f, SBOM_CYCLONEDX);
	assert_err(sbom_format_parse("syft", &f, &e), e, ERR_INVALID);
}

static void the_time(void **state)
{
	char *env[] = { "A=1", "SOURCE_DATE_EPOCH=1704164645", NULL };
	char *bad[] = { "SOURCE_DATE_EPOCH=x", NULL };
	char *negative[] = { "SOURCE_DATE_EPOCH=-1", NULL };

	assert_int_equal(sbom_when(env), 1704164645);
	assert_true(sbom_when(bad) > 1704164645);
	assert_true(sbom_when(negative) > 1704164645);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spdx),
		cmocka_unit_test(cyclonedx),
		cmocka_unit_test(sources_for_trivy),
		cmocka_unit_test(what_could_not_be_read_is_in_it),
		cmocka_unit_test(an_image_without_anything),
		cmocka_unit_test(the_same_distribution_in_two_places),
		cmocka_unit_test(limits),
		cmocka_unit_test(words),
		cmocka_unit_test(the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
