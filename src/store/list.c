/*
 * list.c - listing by walking directories in the order of the full names.
 *
 * Repositories nest: "a" sorts before "a-b", but everything below "a/" after it.  So each
 * directory entry stands twice in the sorted list of its directory: as "a", the
 * repository, and as "a/", what is below.
 */
#include "store/list.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"

struct page {
	struct buf *out;
	const char *last;
	size_t max, taken;
	bool more;
};

struct names {
	struct buf text; /* NUL after each */
	const char **at; /* sorted pointers into text */
	size_t n;
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void names_done(struct names *l)
{
	buf_done(&l->text);
	free(l->at);
}

static void names_sort(struct names *l)
{
	const char *p = buf_str(&l->text), *end = p + l->text.n;
	size_t i = 0;

	l->at = mem_alloc((l->n + 1) * sizeof(*l->at));
	for (; p < end; p += strlen(p) + 1)
		l->at[i++] = p;
	qsort(l->at, l->n, sizeof(*l->at), by_bytes);
}

static int names_add(struct names *l, const char *name, const char *suffix, struct err *e)
{
	if (buf_addf(&l->text, "%s%s%c", name, suffix, '\0') != 0)
		return err_set(e, ERR_LIMIT,
			       "a directory holds more than %u bytes of names",
			       LIST_MAX_BYTES);
	l->n++;
	return 0;
}

struct reading {
	struct names *l;
	bool twice;
};

static int take_name(void *arg, int dirfd, const char *name, struct err *e)
{
	struct reading *r = arg;

	if (names_add(r->l, name, "", e) != 0)
		return -1;
	return r->twice ? names_add(r->l, name, "/", e) : 0;
}

/* Names in a directory that do not start with a dot; with `twice`, also with "/"
 * appended. A missing directory is ERR_NOT_FOUND. */
static int read_names(struct store *s, const char *path, bool twice, struct names *l,
		      struct err *e)
{
	struct reading r = { l, twice };

	if (fs_each(s->dirfd, path, take_name, &r, e) != 0)
		return -1;
	names_sort(l);
	return 0;
}

/* 0: go on; 1: the page is full. */
static int page_take(struct page *pg, const char *name, struct err *e)
{
	if (strcmp(name, pg->last) <= 0)
		return 0;
	if (pg->taken >= pg->max) {
		pg->more = true;
		return 1;
	}
	if (buf_add(pg->out, name, strlen(name) + 1) != 0)
		return err_set(e, ERR_LIMIT, "the list is longer than %zu bytes",
			       pg->out->limit);
	pg->taken++;
	return 0;
}

int list_tags(struct store *s, const struct reponame *name, const char *last, size_t max,
	      struct buf *out, bool *more, struct err *e)
{
	struct page pg = { out, last, max, 0, false };
	CLEANUP(names_done)
	struct names l = { BUF_INIT(LIST_MAX_BYTES), NULL, 0 };
	struct reference ref;
	layout_path path;
	int rc = 0;
	size_t i;

	layout_tags(path, name);
	if (read_names(s, path, false, &l, e) != 0)
		return -1;
	for (i = 0; i < l.n && rc == 0; i++)
		if (reference_parse(view_of(l.at[i]), &ref, NULL) == 0 && !ref.is_digest)
			rc = page_take(&pg, l.at[i], e);
	*more = pg.more;
	return rc < 0 ? -1 : 0;
}

static int add_algorithm(struct store *s, const struct reponame *name, const char *alg,
			 struct buf *all, struct err *e)
{
	CLEANUP(names_done)
	struct names l = { BUF_INIT(LIST_MAX_BYTES), NULL, 0 };
	char text[LAYOUT_PATH_MAX];
	layout_path path;
	struct digest d;
	struct err why;
	size_t i;

	layout_revisions(path, name, alg);
	if (read_names(s, path, false, &l, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		if (e != NULL)
			*e = why;
		return -1;
	}
	for (i = 0; i < l.n; i++) {
		int n = snprintf(text, sizeof(text), "%s:%s", alg, l.at[i]);

		if (n < 0 || (size_t)n >= sizeof(text) ||
		    digest_parse(view_of(text), &d, NULL) != 0)
			continue;
		if (buf_add(all, text, (size_t)n + 1) != 0)
			return err_set(e, ERR_LIMIT,
				       "%s has more than %u bytes of digests", name->s,
				       LIST_MAX_BYTES);
	}
	return 0;
}

int list_manifests(struct store *s, const struct reponame *name, const char *last,
		   size_t max, struct buf *out, bool *more, struct err *e)
{
	CLEANUP(buf_done)
	struct buf all = BUF_INIT(LIST_MAX_BYTES);

	if (add_algorithm(s, name, "sha256", &all, e) != 0 ||
	    add_algorithm(s, name, "sha512", &all, e) != 0)
		return -1;
	if (all.n == 0)
		return err_set(e, ERR_NOT_FOUND, "%s has no manifests", name->s);
	return list_page(buf_view(&all), last, max, out, more, e);
}

static bool is_repository(struct store *s, const char *name)
{
	layout_path path;
	struct stat st;
	static const char *const inside[] = { "_manifests", "_layers" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(inside); i++) {
		int n = snprintf(path, sizeof(path), LAYOUT_REPOSITORIES "/%s/%s", name,
				 inside[i]);

		if (n > 0 && (size_t)n < sizeof(path) &&
		    fstatat(s->dirfd, path, &st, 0) == 0)
			return true;
	}
	return false;
}

/* Nothing below prefix (which ends in "/") can come after `last`? */
static bool all_before(const char *prefix, const char *last)
{
	return strncmp(prefix, last, strlen(prefix)) < 0;
}

/* prefix is "" or "a/b/". Recursion is bounded by the length of a repository name. */
static int walk(struct store *s, const char *prefix, struct page *pg, struct err *e)
{
	CLEANUP(names_done)
	struct names l = { BUF_INIT(LIST_MAX_BYTES), NULL, 0 };
	char path[LAYOUT_PATH_MAX], name[NAME_MAX_BYTES + 2];
	struct reponame valid;
	struct err why;
	int rc = 0;
	size_t i;

	snprintf(path, sizeof(path), LAYOUT_REPOSITORIES "/%s", prefix);
	if (read_names(s, path, true, &l, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0; /* nothing yet, or a file */
		if (e != NULL)
			*e = why;
		return -1;
	}
	for (i = 0; i < l.n && rc == 0; i++) {
		size_t n = strlen(l.at[i]);
		bool below = l.at[i][n - 1] == '/';

		if ((size_t)snprintf(name, sizeof(name), "%s%s", prefix, l.at[i]) >=
		    sizeof(name))
			continue; /* too long to be one */
		if (reponame_parse((struct view){ name, strlen(name) - below }, &valid,
				   NULL) != 0)
			continue; /* _manifests and the like */
		if (!below && is_repository(s, name))
			rc = page_take(pg, name, e);
		else if (below && !all_before(name, pg->last))
			rc = walk(s, name, pg, e);
	}
	return rc;
}

int list_repositories(struct store *s, const char *last, size_t max, struct buf *out,
		      bool *more, struct err *e)
{
	struct page pg = { out, last, max, 0, false };

	if (walk(s, "", &pg, e) < 0)
		return -1;
	*more = pg.more;
	return 0;
}

int list_page(struct view names, const char *last, size_t max, struct buf *out,
	      bool *more, struct err *e)
{
	struct page pg = { out, last, max, 0, false };
	CLEANUP(names_done)
	struct names l = { BUF_INIT(LIST_MAX_BYTES), NULL, 0 };
	const char *p = names.p;
	int rc = 0;
	size_t i;

	for (; p < names.p + names.n; p += strlen(p) + 1)
		if (names_add(&l, p, "", e) != 0)
			return -1;
	names_sort(&l);
	for (i = 0; i < l.n && rc == 0; i++)
		if (i == 0 || strcmp(l.at[i], l.at[i - 1]) != 0)
			rc = page_take(&pg, l.at[i], e);
	*more = pg.more;
	return rc < 0 ? -1 : 0;
}
