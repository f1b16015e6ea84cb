/*
 * bundle_tar.c - an archive: which files it has, and what they name.
 *
 * The first reading notes every file's name and size, and keeps what is small and read as
 * a manifest. Content is read when it is fetched, in the archive's order.
 */
#include "carry/bundle_tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "oci/ocilayout.h"

static void free_file(void *p)
{
	struct bundle_file *f = p;

	free(f->link);
	buf_done(&f->body);
	free(f);
}

static void free_stored(void *p)
{
	stored_unref(p);
}

static int size_of(int fd, uint64_t *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot stat the archive");
	*out = (uint64_t)st.st_size;
	return 0;
}

int bundle_tar_look(const struct bundle_tar *a, const struct tar_reader *r, struct err *e)
{
	if (a->watch == NULL ||
	    a->watch->step(a->watch->arg, tar_reader_place(r), a->all))
		return 0;
	return err_set(e, ERR_CANCELLED, "interrupted");
}

/* A whole small file, or what is left of it. */
static int read_whole(struct tar_reader *r, uint64_t left, struct buf *out, struct err *e)
{
	size_t want, n;
	char *room;

	for (; left > 0; left -= n) {
		want = left < 65536 ? (size_t)left : 65536;
		room = buf_room(out, want);
		if (room == NULL)
			return err_set(e, ERR_LIMIT, "larger than %zu bytes", out->limit);
		if (tar_reader_data(r, room, want, &n, e) != 0)
			return -1;
		buf_grew(out, n);
	}
	return 0;
}

/* --- the first reading --- */

static int read_list(struct tar_reader *r, const struct tar_entry *entry, struct buf *out,
		     bool *has, struct err *e)
{
	if (*has)
		return err_set(e, ERR_INVALID, "the archive has %.20s twice",
			       entry->name);
	*has = true;
	if (entry->size >= out->limit)
		return err_set(e, ERR_LIMIT, "%.20s is larger than %zu bytes",
			       entry->name, out->limit);
	return read_whole(r, entry->size, out, e);
}

/* Small content that is a manifest, and is what it is called. */
static int keep_manifest(struct bundle_tar *a, struct tar_reader *r,
			 const struct tar_entry *entry, const struct digest *d,
			 struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	struct manifest parsed;
	struct digest real;
	char first;
	size_t n;

	if (entry->size == 0 || entry->size > MANIFEST_MAX_BYTES)
		return 0;
	if (tar_reader_data(r, &first, 1, &n, e) != 0)
		return -1;
	if (n == 0 || first != '{')
		return 0;
	buf_add(&body, &first, 1);
	if (read_whole(r, entry->size - 1, &body, e) != 0)
		return -1;
	digest_of(d->alg, body.p, body.n, &real);
	if (!digest_equal(&real, d) || map_get(a->manifest, bundle_text(d).s) != NULL ||
	    manifest_parse(buf_view(&body), &parsed, NULL) != 0)
		return 0;
	a->kept_bytes += body.n;
	if (a->kept_bytes <= BUNDLE_MAX_MANIFEST_BYTES)
		map_put(a->manifest, bundle_text(d).s,
			stored_new(d, parsed.media_type, buf_view(&body)));
	manifest_done(&parsed);
	return a->kept_bytes <= BUNDLE_MAX_MANIFEST_BYTES
		       ? 0
		       : err_set(e, ERR_LIMIT, "more than %u bytes of manifests",
				 BUNDLE_MAX_MANIFEST_BYTES);
}

/* "a/b/../c" relative to the folder of name, or to the top; NULL: it leads out of it. */
static char *resolve(const char *name, const char *link, bool from_top)
{
	char path[BUNDLE_TAR_NAME_MAX + 1];
	const char *slash = strrchr(name, '/');
	size_t n = from_top || slash == NULL ? 0 : (size_t)(slash - name);

	memcpy(path, name, n);
	while (*link != '\0') {
		size_t part = strcspn(link, "/");

		if (part == 2 && memcmp(link, "..", 2) == 0) {
			if (n == 0)
				return NULL;
			while (n > 0 && path[--n] != '/')
				;
		} else if (part > 0 && !(part == 1 && link[0] == '.')) {
			if (n + part + 2 > sizeof(path))
				return NULL;
			if (n > 0)
				path[n++] = '/';
			memcpy(path + n, link, part);
			n += part;
		}
		link += part + (link[part] == '/');
	}
	return mem_dupn(path, n);
}

static int note_file(struct bundle_tar *a, const struct tar_entry *entry,
		     struct bundle_file **out, struct err *e)
{
	struct bundle_file *f;

	*out = NULL;
	if (map_get(a->file, entry->name) != NULL)
		return 0; /* the first counts */
	f = mem_alloc(sizeof(*f));
	f->size = entry->size;
	buf_init(&f->body, DOCKERSAVE_CONFIG_MAX);
	if (entry->kind != TAR_FILE)
		f->link = resolve(entry->name, entry->link, entry->kind == TAR_HARDLINK);
	if (map_put(a->file, entry->name, f) != 0) {
		free_file(f);
		return err_set(e, ERR_LIMIT, "the archive has more than %d files",
			       BUNDLE_MAX_FILES);
	}
	*out = f;
	return 0;
}

static void note_folder(struct bundle_tar *a, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash != NULL && strcmp(slash, "/index.json") == 0)
		snprintf(a->folder, sizeof(a->folder), "%.*s", (int)(slash - name), name);
}

static int take_entry(struct bundle_tar *a, struct tar_reader *r,
		      const struct tar_entry *entry, struct err *e)
{
	struct digest d;
	struct bundle_file *f;

	if (entry->kind == TAR_DIR || entry->kind == TAR_OTHER ||
	    entry->name[0] == '\0' || strlen(entry->name) > BUNDLE_TAR_NAME_MAX)
		return 0;
	if (entry->kind == TAR_FILE && strcmp(entry->name, "index.json") == 0)
		return read_list(r, entry, &a->index, &a->has_index, e);
	if (entry->kind == TAR_FILE && strcmp(entry->name, "manifest.json") == 0)
		return read_list(r, entry, &a->docker, &a->has_docker, e);
	note_folder(a, entry->name);
	if (note_file(a, entry, &f, e) != 0)
		return -1;
	if (f == NULL || entry->kind != TAR_FILE || !ocilayout_is_path(entry->name, &d))
		return 0;
	map_put(a->blob, bundle_text(&d).s, f);
	return keep_manifest(a, r, entry, &d, e);
}

int bundle_tar_each(struct bundle_tar *a,
		    int (*fn)(struct bundle_tar *a, struct tar_reader *r,
			      const struct tar_entry *entry, void *arg, struct err *e),
		    void *arg, struct err *e)
{
	CLEANUP(tar_reader_freep)
	struct tar_reader *r = tar_reader_new(a->fd, e);
	struct tar_entry entry;
	int rc = r != NULL ? 1 : -1;

	while (rc > 0 && (rc = tar_reader_next(r, &entry, e)) > 0)
		if (bundle_tar_look(a, r, e) != 0 || fn(a, r, &entry, arg, e) != 0)
			rc = -1;
	return rc;
}

static int first_reading(struct bundle_tar *a, struct tar_reader *r,
			 const struct tar_entry *entry, void *arg, struct err *e)
{
	(void)arg;
	return take_entry(a, r, entry, e);
}

/* --- the bundle --- */

static int get_manifest(struct bundle *b, const struct digest *d, struct stored **out,
			struct err *e)
{
	struct bundle_tar *a = b->data;
	struct stored *m = map_get(a->manifest, bundle_text(d).s);

	if (m == NULL)
		return err_set(e, ERR_NOT_FOUND, "manifest %.24s is not in the archive",
			       bundle_text(d).s);
	*out = stored_ref(m);
	return 0;
}

static bool has(struct bundle *b, const struct digest *d, uint64_t *size)
{
	struct bundle_tar *a = b->data;
	const struct bundle_file *f = map_get(a->blob, bundle_text(d).s);

	if (f != NULL)
		*size = f->size;
	return f != NULL;
}

struct fetching {
	struct map *want;
	int (*take)(void *arg, const struct digest *d, uint64_t size, bundle_read read,
		    void *from, struct err *e);
	void *arg;
};

static int read_entry(void *from, void *p, size_t room, size_t *n, struct err *e)
{
	return tar_reader_data(from, p, room, n, e);
}

static int fetch_entry(struct bundle_tar *a, struct tar_reader *r,
		       const struct tar_entry *entry, void *arg, struct err *e)
{
	struct fetching *x = arg;
	const struct bundle_file *f;
	struct digest d;

	if (entry->kind != TAR_FILE)
		return 0;
	f = map_get(a->file, entry->name);
	if (f != NULL && f->known)
		d = f->digest;
	else if (!ocilayout_is_path(entry->name, &d))
		return 0;
	if (map_del(x->want, bundle_text(&d).s) == NULL)
		return 0;
	return x->take(x->arg, &d, entry->size, read_entry, r, e);
}

static int fetch(struct bundle *b, const struct digest *want, size_t n,
		 int (*take)(void *arg, const struct digest *d, uint64_t size,
			     bundle_read read, void *from, struct err *e),
		 void *arg, struct err *e)
{
	struct bundle_tar *a = b->data;
	struct fetching x = { map_new(n + 1), take, arg };
	size_t i;
	int rc = 0;

	for (i = 0; i < n; i++)
		map_put(x.want, bundle_text(&want[i]).s, x.want);
	if (n > 0)
		rc = bundle_tar_each(a, fetch_entry, &x, e);
	map_free(x.want, NULL);
	return rc;
}

static void done(struct bundle *b)
{
	struct bundle_tar *a = b->data;

	map_free(a->blob, NULL);
	map_free(a->file, free_file);
	map_free(a->manifest, free_stored);
	buf_done(&a->index);
	buf_done(&a->docker);
	free(a);
}

static const struct bundle_ops ops = { get_manifest, has, fetch, done };

static int no_list(const struct bundle_tar *a, struct err *e)
{
	if (a->folder[0] != '\0')
		return err_set(e, ERR_INVALID,
			       "its index.json is in a folder; pack what is in the "
			       "folder: tar -C %.100s -cf FILE .",
			       a->folder);
	return err_set(e, ERR_INVALID,
		       "it is no archive of images: it has neither index.json (an OCI "
		       "layout) nor manifest.json (docker save)");
}

int bundle_tar_open(int fd, const struct bundle_watch *watch, struct bundle **out,
		    struct err *e)
{
	struct bundle_tar *a = mem_alloc(sizeof(*a));
	struct bundle *b = mem_alloc(sizeof(*b));
	int rc;

	b->ops = &ops;
	b->data = a;
	a->fd = fd;
	a->watch = watch;
	a->file = map_new(BUNDLE_MAX_FILES);
	a->blob = map_new(BUNDLE_MAX_FILES);
	a->manifest = map_new(BUNDLE_MAX_FILES);
	buf_init(&a->index, OCILAYOUT_MAX_BYTES);
	buf_init(&a->docker, DOCKERSAVE_MAX_BYTES);
	rc = size_of(fd, &a->all, e);
	if (rc == 0)
		rc = bundle_tar_each(a, first_reading, NULL, e);
	if (rc == 0)
		rc = a->has_index    ? bundle_add_layout(b, buf_view(&a->index), e)
		     : a->has_docker ? bundle_docker_read(b, a, e)
				     : no_list(a, e);
	if (rc == 0)
		*out = b;
	else
		bundle_close(b);
	return rc;
}
