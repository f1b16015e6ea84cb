/*
 * walk.c - directories read as they come. No state.
 */
#include "store/walk.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/list.h"

#define PAGE 1000 /* repositories whose names are in memory at once */

static const char *const algs[] = { "sha256", "sha512" };

struct walk {
	const char *alg;
	walk_digest_fn fn;
	void *arg;
	bool inside; /* the folder is there: what fails now is not that */
};

static int take(void *arg, int dirfd, const char *file, struct err *e)
{
	struct walk *w = arg;
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	int n = snprintf(text, sizeof(text), "%s:%s", w->alg, file);

	w->inside = true;
	if (n < 0 || (size_t)n >= sizeof(text) ||
	    digest_parse(view_of(text), &d, NULL) != 0)
		return 0;
	return w->fn(w->arg, &d, e);
}

int walk_digests(struct store *s, const char *path, const char *alg, walk_digest_fn fn,
		 void *arg, struct err *e)
{
	struct walk w = { alg, fn, arg, false };
	struct err why = { 0 };
	int rc = fs_each(s->dirfd, path, take, &w, &why);

	if (rc == -1 && !w.inside && why.kind == ERR_NOT_FOUND)
		return 0;
	if (rc == -1 && e != NULL)
		*e = why;
	return rc;
}

int walk_blobs(struct store *s, uint32_t from, uint32_t to, walk_digest_fn fn, void *arg,
	       struct err *e)
{
	layout_path path;
	uint32_t first;
	size_t i;
	int rc = 0;

	for (i = 0; i < ARRAY_LEN(algs); i++)
		for (first = from >> 8; first << 8 < to && rc == 0; first++) {
			snprintf(path, sizeof(path), LAYOUT_BLOBS "/%s/%02x", algs[i],
				 first);
			rc = walk_digests(s, path, algs[i], fn, arg, e);
		}
	return rc;
}

struct links {
	struct store *s;
	enum link_kind kind;
	const struct reponame *name;
	walk_digest_fn fn;
	void *arg;
};

/* A folder may have lost its link. */
static int take_link(void *arg, const struct digest *d, struct err *e)
{
	const struct links *l = arg;

	return link_exists(l->s, l->kind, l->name, d) ? l->fn(l->arg, d, e) : 0;
}

int walk_links(struct store *s, enum link_kind kind, const struct reponame *name,
	       walk_digest_fn fn, void *arg, struct err *e)
{
	struct links l = { s, kind, name, fn, arg };
	layout_path path;
	size_t i;
	int rc = 0;

	for (i = 0; i < ARRAY_LEN(algs) && rc == 0; i++) {
		if (kind == LINK_LAYER)
			layout_layers(path, name, algs[i]);
		else
			layout_revisions(path, name, algs[i]);
		rc = walk_digests(s, path, algs[i], take_link, &l, e);
	}
	return rc;
}

int walk_repositories(struct store *s,
		      int (*fn)(void *arg, const struct reponame *name, struct err *e),
		      void *arg, struct err *e)
{
	const struct reponame none = { .s = "" };

	return walk_repositories_after(s, &none, fn, arg, e);
}

int walk_repositories_after(struct store *s, const struct reponame *after,
			    int (*fn)(void *arg, const struct reponame *name,
				      struct err *e),
			    void *arg, struct err *e)
{
	struct reponame last = *after;
	bool more = true;
	int rc = 0;

	while (more && rc == 0) {
		CLEANUP(buf_done)
		struct buf names = BUF_INIT(LIST_MAX_BYTES);
		const char *p;

		if (list_repositories(s, last.s, PAGE, &names, &more, e) != 0)
			return -1;
		for (p = buf_str(&names); p < buf_str(&names) + names.n && rc == 0;
		     p += strlen(p) + 1)
			if (reponame_parse(view_of(p), &last, NULL) == 0)
				rc = fn(arg, &last, e);
	}
	return rc;
}
