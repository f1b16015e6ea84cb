/*
 * filed.c - files in, nodes out.
 *
 * A text is read, parsed and let go. rpm's database is kept, because its log, a file of
 * its own, may come later or change alone; it is parsed when the layer has ended.
 */
#include "trust/filed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/contents.h"
#include "trust/db.h"

#define PIECE 65536
#define WAL "-wal"

__attribute__((format(printf, 2, 3))) static void gap(struct node *node, const char *fmt,
						      ...);

static void gap(struct node *node, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort(); /* as mem_alloc */
	va_end(ap);
	free(node->gap);
	node->gap = text;
}

static void too_much(struct node *node)
{
	gap(node, "databases that are together more than %u bytes are not read",
	    CONTENTS_MAX_RPM);
}

static int fill(struct tar_reader *tar, struct buf *out, struct err *e)
{
	size_t n, want;
	char *room;

	while (out->n < out->limit) {
		want = out->limit - out->n < PIECE ? out->limit - out->n : PIECE;
		room = buf_room(out, want);
		if (room == NULL)
			return err_set(e, ERR_LIMIT, "no room for a database");
		if (tar_reader_data(tar, room, want, &n, e) != 0)
			return -1;
		if (n == 0)
			break;
		buf_grew(out, n);
	}
	return 0;
}

static int parse(struct node *node, struct buf *text, struct view wal, struct err *e)
{
	struct db_out out = { .list = &node->packages,
			      .path = view_of(node->path),
			      .layer = node->layer };
	int rc = 0;

	switch (node->what) {
	case WANTED_DPKG:
		rc = db_dpkg_read(buf_view(text), &out, e);
		break;
	case WANTED_APK:
		rc = db_apk_read(buf_view(text), &out, e);
		break;
	case WANTED_PYTHON:
		rc = db_python_read(buf_view(text), &out, e);
		break;
	case WANTED_RPMLIST:
		rc = db_rpmlist_read(buf_view(text), &out, e);
		break;
	case WANTED_RPM:
		rc = db_rpm_read(text, wal, &out, e);
		break;
	case WANTED_NDB:
		rc = db_ndb_read(buf_view(text), &out, e);
		break;
	case WANTED_BDB:
		rc = db_bdb_read(buf_view(text), &out, e);
		break;
	case WANTED_UNREAD:
		gap(node, "%s", wanted_unread(node->path));
		break;
	default:
		break;
	}
	if (rc == 0 && out.flaws > 0)
		gap(node,
		    "packages that cannot be read, and are missing here: %zu; the "
		    "first: %s",
		    out.flaws, out.flaw);
	return rc;
}

/* What is no database is a gap; only a limit stops everything. */
static int parse_node(struct tree *t, struct node *node, struct buf *text,
		      struct view wal, const struct packages *before, struct err *e)
{
	struct err why = { 0 };
	size_t had = node->packages.n;

	if (parse(node, text, wal, &why) != 0) {
		if (why.kind == ERR_LIMIT)
			return err_set(e, ERR_LIMIT, "%s: %s", node->path, why.msg);
		gap(node, "%s: packages of it are missing here", why.msg);
	}
	packages_sort(&node->packages);
	packages_inherit(&node->packages, before);
	return tree_count(t, node, had, node->raw.n, e);
}

static bool is_kept(enum wanted what)
{
	return what == WANTED_RPM || what == WANTED_RPM_WAL || what == WANTED_OS ||
	       what == WANTED_DEBIAN;
}

/* A database's log has changed, or it has itself. */
static void make_stale(struct tree *t, struct node *node)
{
	char path[TREE_PATH_MAX];
	size_t n = strlen(node->path);
	struct node *db = node;

	if (node->what == WANTED_RPM_WAL && n > sizeof(WAL)) {
		memcpy(path, node->path, n);
		path[n - sizeof(WAL) + 1] = '\0';
		db = tree_find(t, path);
	}
	if (db != NULL && db->what == WANTED_RPM)
		db->stale = true;
}

/* The old packages stay with an rpm database until it is parsed. */
static int file_text(struct tree *t, struct node *node, struct packages *before,
		     struct buf *text, struct err *e)
{
	const struct view none = { NULL, 0 };

	if (!is_kept(node->what))
		return parse_node(t, node, text, none, before, e);
	node->raw = *text;
	*text = BUF_INIT(0);
	node->packages = *before;
	*before = (struct packages){ NULL, 0, 0 };
	make_stale(t, node);
	return tree_count(t, node, 0, 0, e);
}

int filed_read(struct tree *t, const char *path, enum wanted what, size_t layer,
	       bool hidden, struct tar_reader *tar, const struct tar_entry *entry,
	       struct err *e)
{
	uint64_t limit = wanted_limit(what);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT((size_t)(entry->size < limit ? entry->size : limit));
	CLEANUP(packages_done)
	struct packages before = { NULL, 0, 0 };
	struct node *node;

	if (tree_put(t, path, what, layer, NULL, &before, &node, e) != 0)
		return -1;
	node->hidden = hidden;
	if (entry->kind != TAR_FILE) {
		gap(node, "it is no plain file, and not read");
		return 0;
	}
	if (entry->size > limit && what != WANTED_PYTHON && what != WANTED_UNREAD) {
		gap(node, "it is of %llu bytes, and not read: at most %llu are",
		    (unsigned long long)entry->size, (unsigned long long)limit);
		return 0;
	}
	if (is_kept(what) && t->raw_bytes + text.limit > CONTENTS_MAX_RPM) {
		too_much(node);
		return 0;
	}
	if (fill(tar, &text, e) != 0)
		return err_add(e, "%s", path);
	return file_text(t, node, &before, &text, e);
}

int filed_link(struct tree *t, const char *path, enum wanted what, size_t layer,
	       const char *link, struct err *e)
{
	CLEANUP(packages_done)
	struct packages before = { NULL, 0, 0 };
	struct node *node;

	return tree_put(t, path, what, layer, link, &before, &node, e);
}

static int copy_raw(struct node *node, const struct node *from, struct err *e)
{
	buf_init(&node->raw, CONTENTS_MAX_RPM);
	if (buf_add(&node->raw, from->raw.p, from->raw.n) != 0)
		return err_set(e, ERR_LIMIT, "no room for a database");
	return 0;
}

int filed_copy(struct tree *t, const char *path, enum wanted what, size_t layer,
	       bool hidden, const struct node *from, const char *target, struct err *e)
{
	CLEANUP(packages_done)
	struct packages before = { NULL, 0, 0 };
	struct node *node;

	if (from != NULL && strcmp(from->path, path) == 0)
		return 0; /* to itself */
	if (from != NULL && from->link != NULL)
		return filed_link(t, path, what, layer, from->link, e);
	/* Below path there may be `from`, which would go. */
	if (from != NULL && wanted_below(path, from->path))
		from = NULL;
	if (tree_put(t, path, what, layer, NULL, &before, &node, e) != 0)
		return -1;
	node->hidden = hidden;
	if (from == NULL) {
		gap(node, "it is a hard link to %.200s, which is not in the image",
		    target);
		return 0;
	}
	if (from->gap != NULL)
		gap(node, "%s", from->gap);
	if (from->raw.n > 0) {
		if (t->raw_bytes + from->raw.n > CONTENTS_MAX_RPM) {
			too_much(node);
			return 0;
		}
		if (copy_raw(node, from, e) != 0)
			return -1;
		make_stale(t, node);
	}
	if (packages_copy(&node->packages, &from->packages, path, e) != 0)
		return -1;
	packages_inherit(&node->packages, &before);
	return tree_count(t, node, 0, 0, e);
}

static int read_rpm(struct tree *t, struct node *node, struct err *e)
{
	CLEANUP(packages_done)
	struct packages before = node->packages;
	char path[TREE_PATH_MAX + sizeof(WAL)];
	size_t n = strlen(node->path), raw = node->raw.n;
	const struct node *wal;
	int rc;

	node->stale = false;
	t->packages -= before.n;
	node->packages = (struct packages){ NULL, 0, 0 };
	memcpy(path, node->path, n);
	memcpy(path + n, WAL, sizeof(WAL));
	wal = tree_find(t, path);
	free(TAKE(node->gap));
	node->raw.limit = CONTENTS_MAX_RPM;
	rc = parse_node(t, node, &node->raw,
			wal != NULL ? buf_view(&wal->raw) : (struct view){ NULL, 0 },
			&before, e);
	t->raw_bytes += node->raw.n - raw;
	return rc;
}

int filed_end(struct tree *t, struct err *e)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->at[i]->stale && read_rpm(t, t->at[i], e) != 0)
			return -1;
	return 0;
}
