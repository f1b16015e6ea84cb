/*
 * layers.c - entries of archives, one after another: what each does to the tree.
 *
 * The parent of a name is resolved as an unpacking runtime would, through the links that
 * are there by then; a name with ".." in it is no image's and passed over.
 */
#include "trust/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/tar.h"
#include "trust/filed.h"
#include "trust/seek.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define WHITEOUT_META ".wh..wh." /* of aufs: not about files of the image */

struct pass {
	struct tree *tree;
	struct seek *seek;
	struct gaps *gaps;
	struct tar_reader *tar;
	size_t layer;
	size_t outside; /* names with ".." in this layer */
	/* The last parent, and what it was resolved to: entries come folder by folder. */
	char parent[TREE_PATH_MAX], resolved[TREE_PATH_MAX];
	unsigned changed;
	bool known;
};

static bool leads_up(const char *name)
{
	const char *p = name;

	while ((p = strstr(p, "..")) != NULL) {
		if ((p == name || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
		p += 2;
	}
	return false;
}

static int resolve_parent(struct pass *p, const char *name, size_t n)
{
	if (p->known && p->changed == p->tree->changed &&
	    strncmp(p->parent, name, n) == 0 && p->parent[n] == '\0')
		return 0;
	p->known = false;
	if (n >= sizeof(p->parent))
		return -1;
	memcpy(p->parent, name, n);
	p->parent[n] = '\0';
	if (tree_resolve(p->tree, p->parent, true, p->resolved) != 0)
		return -1;
	p->changed = p->tree->changed;
	p->known = true;
	return 0;
}

/* "folder/base" as its parent is resolved; *base is what is after the last slash. False:
 * it names nothing that could matter. */
static bool place(struct pass *p, const char *name, char out[TREE_PATH_MAX],
		  const char **base)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash != NULL ? (size_t)(slash - name) : 0, m;

	*base = slash != NULL ? slash + 1 : name;
	if (leads_up(name)) {
		p->outside++;
		return false;
	}
	if (**base == '\0' || strcmp(*base, ".") == 0 || resolve_parent(p, name, n) != 0)
		return false;
	n = strlen(p->resolved);
	m = strlen(*base);
	if (n + 1 + m >= TREE_PATH_MAX)
		return false;
	memcpy(out, p->resolved, n);
	if (n > 0)
		out[n++] = '/';
	memcpy(out + n, *base, m + 1);
	return true;
}

/* path ends in base, which begins as a whiteout. */
static void whiteout(struct pass *p, char *path, const char *base)
{
	size_t n = strlen(path) - strlen(base);
	const char *name = base + sizeof(WHITEOUT) - 1;

	if (strcmp(base, OPAQUE) == 0) {
		path[n > 0 ? n - 1 : 0] = '\0';
		tree_opaque(p->tree, path, p->layer);
	} else if (strncmp(base, WHITEOUT_META, sizeof(WHITEOUT_META) - 1) != 0 &&
		   *name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
		memmove(path + n, path + n + sizeof(WHITEOUT) - 1, strlen(name) + 1);
		tree_whiteout(p->tree, path, p->layer);
	}
}

/* What a hard link at a wanted place names was an entry of this archive before, or a file
 * of a layer below. */
static int hard_link(struct pass *p, const struct tar_entry *entry, const char *path,
		     enum wanted what, bool hidden, struct err *e)
{
	char target[TREE_PATH_MAX];
	struct node *from;

	if (leads_up(entry->link) ||
	    tree_resolve(p->tree, entry->link, false, target) != 0) {
		tree_cover(p->tree, path, false);
		return 0;
	}
	from = tree_find(p->tree, target);
	if (from == NULL)
		seek_hard(p->seek, target, what);
	return filed_copy(p->tree, path, what, p->layer, hidden, from, target, e);
}

static int apply(struct pass *p, const struct tar_entry *entry, struct err *e)
{
	char path[TREE_PATH_MAX];
	const char *base;
	enum wanted what;
	bool hidden;

	if (!place(p, entry->name, path, &base))
		return 0;
	if (strncmp(base, WHITEOUT, sizeof(WHITEOUT) - 1) == 0) {
		whiteout(p, path, base);
		return 0;
	}
	if (entry->kind == TAR_DIR) {
		tree_cover(p->tree, path, true);
		return 0;
	}
	what = seek_what(p->seek, path, &hidden);
	if (entry->kind == TAR_SYMLINK && seek_is_way(p->seek, path))
		return filed_link(p->tree, path, what, p->layer, entry->link, e);
	if (what != WANTED_NOT && entry->kind == TAR_HARDLINK)
		return hard_link(p, entry, path, what, hidden, e);
	if (what != WANTED_NOT)
		return filed_read(p->tree, path, what, p->layer, hidden, p->tar, entry,
				  e);
	tree_cover(p->tree, path, false);
	return 0;
}

static int read_entries(struct pass *p, struct err *e)
{
	struct tar_entry entry;
	int more;

	while ((more = tar_reader_next(p->tar, &entry, e)) == 1)
		if (apply(p, &entry, e) != 0)
			return -1;
	if (p->outside > 0)
		gaps_add(p->gaps, p->layer, "",
			 "names that lead out of the image are passed over: %zu",
			 p->outside);
	p->outside = 0;
	return more;
}

static int check_digest(struct pass *p, const struct digest *want, struct hash *h,
			struct err *e)
{
	struct digest found;

	if (tar_reader_drain(p->tar, e) != 0)
		return -1;
	digest_final(want->alg, h, &found);
	if (digest_equal(&found, want))
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "its bytes in the store have changed since they were checked: "
		       "larder scrub repairs that");
}

/* That the bytes are others than they should be says more than what came of it. */
static int read_layer(struct pass *p, const struct layers *l, int fd, struct err *e)
{
	const struct digest *want = l->digest(l->arg, p->layer);
	CLEANUP(hash_freep)
	struct hash *h = hash_new(want->alg);
	struct err first = { 0 };
	int rc;

	p->tar = tar_reader_new(fd, e);
	if (p->tar == NULL || tar_reader_watch(p->tar, h, e) != 0)
		return -1;
	rc = read_entries(p, &first);
	if (check_digest(p, want, h, e) != 0)
		return -1;
	if (rc != 0 && e != NULL)
		*e = first;
	return rc;
}

static int read_all(const struct layers *l, struct pass *p, struct err *e)
{
	for (p->layer = 0; p->layer < l->n; p->layer++) {
		CLEANUP(mem_closep)
		int fd = l->open(l->arg, p->layer, e);
		int rc;

		if (fd == LAYERS_NONE)
			continue;
		if (fd < 0)
			return -1;
		rc = read_layer(p, l, fd, e);
		tar_reader_free(TAKE(p->tar));
		if (rc != 0 || filed_end(p->tree, e) != 0)
			return err_add(e, "layer %zu", p->layer + 1);
	}
	return 0;
}

static int passes(const struct layers *l, struct pass *p, struct err *e)
{
	unsigned i;
	size_t before;

	for (i = 1;; i++) {
		before = p->seek->n;
		if (read_all(l, p, e) != 0)
			return -1;
		seek_links(p->seek, p->tree);
		if (p->seek->n == before)
			return 0;
		if (i == LAYERS_MAX_PASSES)
			break;
		tree_done(p->tree);
		gaps_done(p->gaps);
		p->known = false;
	}
	gaps_add(p->gaps, CONTENTS_NO_LAYER, "",
		 "links to databases lead on and on, and were not followed to their end");
	return 0;
}

int layers_read(const struct layers *l, struct tree *t, struct gaps *gaps, struct err *e)
{
	CLEANUP(seek_done)
	struct seek seek = { 0 };
	struct pass *p = mem_alloc(sizeof(*p));
	int rc;

	p->tree = t;
	p->seek = &seek;
	p->gaps = gaps;
	rc = passes(l, p, e);
	if (rc == 0 && seek.full)
		gaps_add(gaps, CONTENTS_NO_LAYER, "",
			 "more than %d files are databases by links: the rest is not "
			 "read",
			 SEEK_MAX);
	free(p);
	return rc;
}
