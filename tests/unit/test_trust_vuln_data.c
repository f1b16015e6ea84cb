/* Files by what is in them, in folders as people keep them. */
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "tmpdir.h"
#include "vuln_try.h"

static const struct vuln_one bookworm = { .os = "debian",
					  .version_id = "12",
					  .codename = "bookworm",
					  .kind = PACKAGE_DEB,
					  .name = "zlib1g",
					  .version = "1:1.2.13",
					  .source = "zlib" };

#define OSV(id)                                                                          \
	"{\"id\":\"" id "\",\"modified\":\"2026-01-02T03:04:05Z\",\"affected\":[{"       \
	"\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"zlib\"},\"versions\":["     \
	"\"1:1.2.13\"]}]}"
#define TRACKER                                                                          \
	"{\"acl\":{},\"zlib\":{\"CVE-9\":{\"releases\":{\"bookworm\":{\"status\":"       \
	"\"open\"}}}}}"
#define SECDB                                                                            \
	"{\"distroversion\":\"v3.19\",\"packages\":[{\"pkg\":{\"name\":\"zlib\","        \
	"\"secfixes\":{}}}]}"

static void put(struct tmpdir *tmp, const char *path, const char *text)
{
	assert_int_equal(
		fs_put(tmp->fd, path, NULL, text, strlen(text), FS_REPLACE, NULL), 0);
}

static void put_zip(struct tmpdir *tmp, const char *path, const char *const *entry,
		    size_t n)
{
	struct archive *a = archive_write_new();
	char full[128];
	size_t i;

	snprintf(full, sizeof(full), "%s/%s", tmp->path, path);
	assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, full), ARCHIVE_OK);
	for (i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		char name[32];

		snprintf(name, sizeof(name), i == 0 ? "x/readme" : "X-%zu.json", i);
		archive_entry_set_pathname(e, name);
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_size(e, (la_int64_t)strlen(entry[i]));
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		archive_write_data(a, entry[i], strlen(entry[i]));
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static const struct vuln_file *file_at(const struct vuln_data *d, const char *end)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strlen(d->file[i].name) >= strlen(end) &&
		    strcmp(d->file[i].name + strlen(d->file[i].name) - strlen(end),
			   end) == 0)
			return &d->file[i];
	fail_msg("no %s", end);
	return NULL;
}

static void a_folder(void **state)
{
	static const char *const entries[] = { "not JSON", OSV("CVE-1"), OSV("CVE-2"),
					       "{\"id\":", OSV("CVE-1") };
	struct tmpdir *tmp = *state;
	struct vuln *v = vuln_new();
	struct vuln_data d = { 0 };
	struct err e = { 0 };

	vuln_try_add(v, &bookworm);
	put_zip(tmp, "anything.bin", entries, ARRAY_LEN(entries));
	put(tmp, "osv/a.json", OSV("CVE-3"));
	put(tmp, "osv/b.json", OSV("CVE-4"));
	put(tmp, "osv/deep/c.json", OSV("CVE-5"));
	put(tmp, "osv/bad.json", "{\"id\":\"x");
	put(tmp, "json", TRACKER);
	put(tmp, "main.json", SECDB);
	put(tmp, "README", "what this is");
	put(tmp, "package.json", "{\"name\":\"x\"}");
	put(tmp, "tracker.gz", "\x1f\x8b\x08");
	put(tmp, "empty", "");
	assert_int_equal(vuln_data_folder(v, &d, tmp->path, &e), 0);
	vuln_data_sort(&d);
	assert_int_equal(vuln_finish(v, &e), 0);
	assert_findings(v, 0,
			"CVE-1 zlib<? unknown; CVE-2 zlib<? unknown; CVE-3 zlib<? "
			"unknown; CVE-4 zlib<? unknown; CVE-5 zlib<? unknown; CVE-9 "
			"zlib<? unknown");
	assert_int_equal(d.n, 6);
	assert_int_equal(d.strangers, 4);
	assert_int_equal(file_at(&d, "/anything.bin")->count.records, 4);
	assert_int_equal(file_at(&d, "/anything.bin")->count.broken, 1);
	assert_non_null(strstr(file_at(&d, "/anything.bin")->count.example, "X-3.json"));
	assert_int_equal(file_at(&d, "/osv/*.json")->count.records, 2);
	assert_int_equal(file_at(&d, "/deep/*.json")->count.records, 1);
	assert_true(file_at(&d, "/osv/bad.json")->failed);
	assert_int_equal(file_at(&d, "/json")->source, VULN_TRACKER);
	assert_int_equal(file_at(&d, "/main.json")->source, VULN_SECDB);
	/* OSV's own date; the others' is the file's */
	assert_int_equal(file_at(&d, "/anything.bin")->as_of_ms, INT64_C(1767323045000));
	assert_true(clock_wall_ms() - file_at(&d, "/json")->as_of_ms < 60000);
	assert_int_equal(vuln_data_as_of(&d), INT64_C(1767323045000));
	vuln_data_done(&d);
	vuln_free(v);
}

static void no_folder(void **state)
{
	struct vuln *v = vuln_new();
	struct vuln_data d = { 0 };
	struct err e = { 0 };

	assert_err(vuln_data_folder(v, &d, "/nonexistent/there", &e), e, ERR_NOT_FOUND);
	assert_int_equal(vuln_data_as_of(&d), 0);
	vuln_data_done(&d);
	vuln_free(v);
}

static void too_deep(void **state)
{
	struct tmpdir *tmp = *state;
	struct vuln *v = vuln_new();
	struct vuln_data d = { 0 };
	struct err e = { 0 };

	put(tmp, "2/3/4/5/6/7/8/ok.json", OSV("CVE-1"));
	assert_int_equal(vuln_data_folder(v, &d, tmp->path, &e), 0);
	put(tmp, "2/3/4/5/6/7/8/9/no.json", OSV("CVE-1"));
	assert_err(vuln_data_folder(v, &d, tmp->path, &e), e, ERR_LIMIT);
	vuln_data_done(&d);
	vuln_free(v);
}

/* A cut zip has failed, and nothing of it is believed to be all. */
static void a_cut_zip(void **state)
{
	static const char *const entries[] = { "", OSV("CVE-1") };
	struct tmpdir *tmp = *state;
	struct vuln *v = vuln_new();
	struct vuln_data d = { 0 };
	struct err e = { 0 };
	char full[128];

	vuln_try_add(v, &bookworm);
	put_zip(tmp, "all.zip", entries, 2);
	snprintf(full, sizeof(full), "%s/all.zip", tmp->path);
	assert_int_equal(truncate(full, 200), 0);
	assert_int_equal(vuln_data_folder(v, &d, tmp->path, &e), 0);
	assert_true(file_at(&d, "/all.zip")->failed);
	assert_false(vuln_image(v, 0)->has_system);
	vuln_data_done(&d);
	vuln_free(v);
}

#define IN_FOLDER(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_folder),
		IN_FOLDER(no_folder),
		IN_FOLDER(too_deep),
		IN_FOLDER(a_cut_zip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
