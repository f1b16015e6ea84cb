/* trust/db_*, osrelease: any bytes as a package manager's database; the first byte says
 * which. What comes out keeps to package.h, and survives being copied. */
#include "fuzz.h"

#include "base/mem.h"
#include "trust/db.h"
#include "trust/osrelease.h"

static void check_text(const char *s)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++)
		CHECK((unsigned char)s[n] >= ' ' && s[n] != 127);
	CHECK(n <= PACKAGE_TEXT_MAX);
}

static void check(const struct packages *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct package *p = &list->at[i];
		const char *texts[] = { p->name,    p->key,    p->version,
					p->arch,    p->source, p->source_version,
					p->license, p->path };
		size_t k;

		for (k = 0; k < ARRAY_LEN(texts); k++)
			check_text(texts[k]);
		CHECK(*p->name != '\0' && *p->version != '\0');
		CHECK(*p->source != '\0' && *p->source_version != '\0');
	}
}

static int read_as(char kind, struct view text, struct db_out *out)
{
	struct contents_os os = { 0 };

	switch (kind) {
	case 'a':
		return db_apk_read(text, out, NULL);
	case 'p':
		return db_python_read(text, out, NULL);
	case 'l':
		return db_rpmlist_read(text, out, NULL);
	case 'r':
		return db_rpm_header(text, out, NULL);
	case 'n':
		return db_ndb_read(text, out, NULL);
	case 'b':
		return db_bdb_read(text, out, NULL);
	case 'o':
		osrelease_read(text, &os);
		osrelease_debian(text, &os);
		check_text(os.name);
		return 0;
	default:
		return db_dpkg_read(text, out, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	CLEANUP(packages_done)
	struct packages copy = { NULL, 0, 0 };
	struct db_out out = { .list = &list, .path = VIEW("some/path"), .layer = 7 };

	if (size == 0 || read_as((char)data[0], fuzz_view(data + 1, size - 1), &out) != 0)
		return 0;
	check(&list);
	CHECK((out.flaws > 0) == (out.flaw[0] != '\0'));
	packages_sort(&list);
	CHECK(packages_copy(&copy, &list, "some/path", NULL) == 0);
	packages_sort(&copy);
	CHECK(copy.n == list.n);
	packages_inherit(&copy, &list);
	return 0;
}
