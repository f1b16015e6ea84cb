/* store/list: names are what a directory holds, so any bytes. Input: the page's length,
 * then names with a NUL after each. Pages put together are the whole list, which is
 * sorted and holds just the names that are valid; the same from directories and from
 * memory. */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/reference.h"
#include "store/layout.h"
#include "store/list.h"

#define MAX_NAMES 12 /* directories are slow */
#define ANSWER_BYTES (1u << 20)

static char root[64];
static struct store store = { .dirfd = -1, .lockfd = -1, .root = root };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return ftw->level > 0 ? remove(path) : 0;
}

static void empty_root(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_root(void)
{
	empty_root();
	rmdir(root);
}

static void make_root(void)
{
	snprintf(root, sizeof(root), "/tmp/larder-fuzz-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	store.dirfd = open(root, O_RDONLY | O_DIRECTORY);
	CHECK(store.dirfd >= 0);
	atexit(remove_root);
}

/* Below the repositories' folder, as far as the file system takes it. */
static void make_directory(const char *name)
{
	char path[2000];
	size_t i;

	if (strstr(name, "..") != NULL ||
	    (size_t)snprintf(path, sizeof(path), LAYOUT_REPOSITORIES "/%s/_manifests",
			     name) >= sizeof(path))
		return;
	for (i = 1; path[i]; i++)
		if (path[i] == '/') {
			path[i] = '\0';
			mkdirat(store.dirfd, path, 0755);
			path[i] = '/';
		}
	mkdirat(store.dirfd, path, 0755);
}

typedef int list_fn(const char *last, size_t max, struct buf *out, bool *more,
		    struct view names);

static int from_memory(const char *last, size_t max, struct buf *out, bool *more,
		       struct view names)
{
	return list_page(names, last, max, out, more, NULL);
}

static int from_directories(const char *last, size_t max, struct buf *out, bool *more,
			    struct view names)
{
	return list_repositories(&store, last, max, out, more, NULL);
}

static void check_pages(list_fn *list, size_t max, struct view names, struct buf *whole)
{
	struct buf pages = BUF_INIT(ANSWER_BYTES);
	const char *p, *last = "", *end;
	bool more = true;

	CHECK(list("", SIZE_MAX, whole, &more, names) == 0 && !more);
	end = buf_str(whole) + whole->n;
	for (p = buf_str(whole); p < end; p += strlen(p) + 1) {
		CHECK(strcmp(last, p) < 0);
		last = p;
	}
	last = "";
	do {
		struct buf page = BUF_INIT(ANSWER_BYTES);
		size_t n = 0;

		CHECK(list(last, max, &page, &more, names) == 0);
		CHECK(buf_add(&pages, buf_str(&page), page.n) == 0);
		end = buf_str(&pages) + pages.n;
		for (p = end - page.n; p < end; p += strlen(p) + 1) {
			last = p;
			n++;
		}
		CHECK(more ? n == max : n <= max);
		buf_done(&page);
	} while (more);
	CHECK(pages.n == whole->n &&
	      memcmp(buf_str(&pages), buf_str(whole), pages.n) == 0);
	buf_done(&pages);
}

static bool has(const struct buf *list, const char *name)
{
	const char *p = buf_str(list), *end = p + list->n;

	for (; p < end; p += strlen(p) + 1)
		if (strcmp(p, name) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf names = BUF_INIT(1u << 20), all = BUF_INIT(ANSWER_BYTES);
	struct buf found = BUF_INIT(ANSWER_BYTES);
	const char *p, *end;
	struct reponame name;
	size_t max, n = 0;

	if (store.dirfd < 0)
		make_root();
	if (size == 0 || size > 4096)
		return 0;
	max = data[0] % 8 + 1u;
	CHECK(buf_add(&names, data + 1, size - 1) == 0 && buf_add(&names, "", 1) == 0);
	check_pages(from_memory, max, buf_view(&names), &all);
	end = buf_str(&names) + names.n;
	for (p = buf_str(&names); p < end; p += strlen(p) + 1) {
		CHECK(*p == '\0' || has(&all, p));
		if (n++ < MAX_NAMES)
			make_directory(p);
	}
	check_pages(from_directories, max, (struct view){ NULL, 0 }, &found);
	n = 0;
	for (p = buf_str(&names); p < end && n < MAX_NAMES; p += strlen(p) + 1, n++)
		if (reponame_parse(view_of(p), &name, NULL) == 0)
			CHECK(has(&found, name.s));
	end = buf_str(&found) + found.n;
	for (p = buf_str(&found); p < end; p += strlen(p) + 1)
		CHECK(reponame_parse(view_of(p), &name, NULL) == 0);
	empty_root();
	buf_done(&names);
	buf_done(&all);
	buf_done(&found);
	return 0;
}
