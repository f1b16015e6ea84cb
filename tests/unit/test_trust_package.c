/* Lists of packages: what is taken, in which order, what is the same, and which layer. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "trust/package.h"

static int add(struct packages *list, enum package_kind kind, const char *name,
	       const char *version, const char *path, size_t layer)
{
	const struct package_found f = { .kind = kind,
					 .name = view_of(name),
					 .version = view_of(version),
					 .path = view_of(path),
					 .layer = layer };

	return packages_add(list, &f, NULL);
}

static void texts(void **state)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	struct package_found f = { .kind = PACKAGE_PYTHON,
				   .name = VIEW("Zope..Inter-_face"),
				   .version = VIEW("1.0"),
				   .license = VIEW("M\tI\x7fT") };
	CLEANUP(mem_freep)
	char *most = NULL, *over = NULL;
	struct err e = { 0 };

	assert_int_equal(packages_add(&list, &f, &e), 0);
	assert_string_equal(list.at[0].key, "zope-inter-face");
	assert_string_equal(list.at[0].source, "Zope..Inter-_face");
	assert_string_equal(list.at[0].source_version, "1.0");
	assert_string_equal(list.at[0].license, "M?I?T");
	assert_string_equal(list.at[0].arch, "");
	f.version.n = 0;
	assert_err(packages_add(&list, &f, &e), e, ERR_INVALID);
	most = unit_repeat('v', PACKAGE_TEXT_MAX);
	f.version = view_of(most);
	f.license = view_of(most);
	assert_int_equal(packages_add(&list, &f, &e), 0);
	assert_string_equal(list.at[1].version, most);
	over = unit_repeat('v', PACKAGE_TEXT_MAX + 1);
	f.license = view_of(over); /* is cut */
	assert_int_equal(packages_add(&list, &f, &e), 0);
	assert_string_equal(list.at[2].license, most);
	f.version = view_of(over);
	assert_err(packages_add(&list, &f, &e), e, ERR_INVALID);
	f.version = VIEW("1");
	f.name = view_of(over);
	assert_err(packages_add(&list, &f, &e), e, ERR_INVALID);
	assert_int_equal(list.n, 3);
	test_free(TAKE(most));
	test_free(TAKE(over));
}

static void order(void **state)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };

	add(&list, PACKAGE_PYTHON, "a", "1", "p", 0);
	add(&list, PACKAGE_DEB, "b", "1", "p", 0);
	add(&list, PACKAGE_DEB, "b", "1", "p", 3);
	add(&list, PACKAGE_DEB, "b", "1", "o", 0);
	add(&list, PACKAGE_DEB, "a", "2", "p", 0);
	packages_sort(&list);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.at[0].name, "a");
	assert_string_equal(list.at[1].path, "o");
	assert_string_equal(list.at[2].path, "p");
	assert_int_equal(list.at[3].kind, PACKAGE_PYTHON);
	packages_sort(&(struct packages){ NULL, 0, 0 });
}

static void layers(void **state)
{
	CLEANUP(packages_done)
	struct packages old = { NULL, 0, 0 };
	CLEANUP(packages_done)
	struct packages new = { NULL, 0, 0 };

	add(&old, PACKAGE_DEB, "a", "1", "p", 1);
	add(&old, PACKAGE_DEB, "b", "1", "p", 2);
	add(&old, PACKAGE_DEB, "gone", "1", "p", 2);
	add(&new, PACKAGE_DEB, "0", "1", "p", 5);
	add(&new, PACKAGE_DEB, "a", "1", "p", 5);
	add(&new, PACKAGE_DEB, "b", "2", "p", 5);
	add(&new, PACKAGE_DEB, "z", "1", "p", 5);
	packages_inherit(&new, &old);
	assert_int_equal(new.at[0].layer, 5);
	assert_int_equal(new.at[1].layer, 1);
	assert_int_equal(new.at[2].layer, 5);
	assert_int_equal(new.at[3].layer, 5);
	assert_int_equal(packages_take(&new, &old, NULL), 0);
	assert_int_equal(new.n, 7);
	assert_int_equal(old.n, 0);
	assert_int_equal(packages_copy(&old, &new, "other", NULL), 0);
	assert_string_equal(old.at[6].path, "other");
	assert_int_equal(old.at[6].layer, 2);
}

static void limit(void **state)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	CLEANUP(packages_done)
	struct packages one = { NULL, 0, 0 };
	struct err e = { 0 };
	char name[16];
	int i;

	for (i = 0; i < PACKAGE_MAX_COUNT; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(add(&list, PACKAGE_DEB, name, "1", "", 0), 0);
	}
	assert_int_equal(add(&list, PACKAGE_DEB, "over", "1", "", 0), -1);
	add(&one, PACKAGE_DEB, "over", "1", "", 0);
	assert_err(packages_take(&list, &one, &e), e, ERR_LIMIT);
	assert_int_equal(one.n, 1);
}

static void words(void **state)
{
	assert_string_equal(package_word(PACKAGE_PYTHON), "python");
	assert_string_equal(package_word(PACKAGE_DEB), "deb");
	assert_int_equal(package_scheme(PACKAGE_RPM), VERSION_RPM);
	assert_int_equal(package_scheme(PACKAGE_PYTHON), VERSION_PEP440);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),  cmocka_unit_test(order),
		cmocka_unit_test(layers), cmocka_unit_test(limit),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
