/*
 * vuln_data.c - which kind of file it is, and whose reader takes it.
 */
#include "trust/vuln_data.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/human.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/zip.h"
#include "trust/vuln_osv.h"
#include "trust/vuln_secdb.h"
#include "trust/vuln_tracker.h"

#define HEAD_BYTES 4096
#define PATH_BYTES 4096

enum look { LOOK_ZIP, LOOK_TRACKER, LOOK_JSON, LOOK_PACKED, LOOK_OTHER };

/* --- what it is --- */

static void skip_space(struct view *v)
{
	while (v->n > 0 && strchr(" \t\r\n", v->p[0]) != NULL && v->p[0] != '\0') {
		v->p++;
		v->n--;
	}
}

static bool take(struct view *v, char c)
{
	skip_space(v);
	if (v->n == 0 || v->p[0] != c)
		return false;
	v->p++;
	v->n--;
	return true;
}

static bool take_string(struct view *v, struct view *out)
{
	const char *end;

	if (!take(v, '"'))
		return false;
	end = memchr(v->p, '"', v->n);
	if (end == NULL)
		return false;
	*out = (struct view){ v->p, (size_t)(end - v->p) };
	v->n -= (size_t)(end - v->p) + 1;
	v->p = end + 1;
	return true;
}

/* {"package": {"CVE-...": {: no other of these begins like that. */
static bool is_tracker(struct view v)
{
	struct view text;

	if (!take(&v, '{'))
		return false;
	/* packages of which it says nothing may come first */
	while (take_string(&v, &text) && take(&v, ':') && take(&v, '{')) {
		if (take_string(&v, &text))
			return (view_starts(text, "CVE-") ||
				view_starts(text, "TEMP-")) &&
			       take(&v, ':') && take(&v, '{');
		if (!take(&v, '}') || !take(&v, ','))
			return false;
	}
	return false;
}

static int look(int fd, enum look *out, struct err *e)
{
	static const char *const packed[] = { "\37\213", "\50\265\57\375", "\3757zXZ",
					      "BZh" };
	char head[HEAD_BYTES + 1];
	struct view v = { head, 0 };
	size_t i;

	if (fs_pread(fd, head, HEAD_BYTES, 0, &v.n, e) != 0)
		return -1;
	*out = LOOK_OTHER;
	if (view_starts(v, "PK\x03\x04") || view_starts(v, "PK\x05\x06"))
		*out = LOOK_ZIP;
	for (i = 0; i < ARRAY_LEN(packed); i++)
		if (view_starts(v, packed[i]))
			*out = LOOK_PACKED;
	skip_space(&v);
	if (v.n > 0 && v.p[0] == '{')
		*out = is_tracker(v) ? LOOK_TRACKER : LOOK_JSON;
	return 0;
}

/* --- what has been read --- */

static struct vuln_file *file_of(struct vuln_data *d, const char *name,
				 enum vuln_source source, int64_t when_ms)
{
	struct vuln_file *f;

	if ((d->n & (d->n + 1)) == 0)
		d->file = mem_grow(d->file, (2 * d->n + 1) * sizeof(*d->file));
	f = &d->file[d->n++];
	*f = (struct vuln_file){ .source = source, .as_of_ms = when_ms };
	f->name = human_clean(mem_dup(name));
	return f;
}

/* Advisories that lie beside each other are one. */
static struct vuln_file *folder_of(struct vuln_data *d, const char *name, int64_t when_ms)
{
	const char *slash = strrchr(name, '/');
	CLEANUP(mem_freep)
	char *shown = human_clean(mem_fmt("%.*s*.json",
					  slash != NULL ? (int)(slash - name) + 1 : 0,
					  slash != NULL ? name : ""));
	size_t i;

	for (i = d->n; i-- > 0;)
		if (strcmp(d->file[i].name, shown) == 0)
			return &d->file[i];
	return file_of(d, shown, VULN_OSV, when_ms);
}

static void set_age(struct vuln_file *f)
{
	int64_t now_ms = clock_wall_ms();

	if (f->count.newest_ms > 0)
		f->as_of_ms = f->count.newest_ms < now_ms ? f->count.newest_ms : now_ms;
}

static void fail(struct vuln_file *f, const struct err *why)
{
	f->failed = true;
	f->why = *why;
}

static void note_broken(struct vuln_count *c, const char *name, const char *why)
{
	if (c->example[0] == '\0') {
		snprintf(c->example, sizeof(c->example), "%.120s: %.120s", name, why);
		human_clean(c->example);
	}
}

static int read_advisory(struct vuln *v, struct vuln_count *c, const char *name,
			 const struct json *doc, struct err *e)
{
	size_t broken = c->broken;
	int rc = vuln_osv_read(v, doc, c, e);

	if (c->broken > broken)
		note_broken(c, name, "it has no usable id or date");
	return rc;
}

/* --- each kind --- */

static int read_entry(struct vuln *v, struct vuln_count *c, struct zip_reader *r,
		      const char *name, struct buf *text, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	size_t n = strlen(name);
	struct err why;

	if (n < 5 || strcmp(name + n - 5, ".json") != 0)
		return 0;
	if (zip_reader_content(r, text, &why) == 0)
		doc = json_parse(buf_view(text), &why);
	if (doc == NULL) {
		c->records++;
		c->broken++;
		note_broken(c, name, why.msg);
		return 0;
	}
	return read_advisory(v, c, name, doc, e);
}

static int read_zip(struct vuln *v, struct vuln_file *f, int fd, struct err *e)
{
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(VULN_MAX_DOCUMENT);
	const char *name;
	struct err why;
	int rc;

	r = zip_reader_new(fd, &why);
	if (r == NULL) {
		fail(f, &why);
		return 0;
	}
	while ((rc = zip_reader_next(r, &name, &why)) > 0)
		if (read_entry(v, &f->count, r, name, &text, e) != 0)
			return -1;
	if (rc < 0)
		fail(f, &why);
	set_age(f);
	return 0;
}

static int read_tracker(struct vuln *v, struct vuln_file *f, int fd, struct err *e)
{
	struct err why;

	if (vuln_tracker_read(v, fd, &f->count, &why) == 0)
		return 0;
	if (why.kind == ERR_LIMIT) {
		*e = why;
		return -1;
	}
	fail(f, &why);
	return 0;
}

static int read_whole(int fd, uint64_t size, struct buf *text, struct err *e)
{
	size_t n = 0;
	char *room;

	if (size > VULN_MAX_DOCUMENT)
		return err_set(e, ERR_LIMIT, "a JSON of more than %u bytes",
			       VULN_MAX_DOCUMENT);
	room = buf_room(text, (size_t)size);
	if (room == NULL)
		return err_set(e, ERR_LIMIT, "a JSON of more than %u bytes",
			       VULN_MAX_DOCUMENT);
	if (fs_pread(fd, room, (size_t)size, 0, &n, e) != 0)
		return -1;
	buf_grew(text, n);
	return 0;
}

static void stranger(struct vuln_data *d, const char *name, const char *what)
{
	if (d->strangers++ == 0) {
		snprintf(d->stranger, sizeof(d->stranger), "%.80s: %.40s", name, what);
		human_clean(d->stranger);
	}
}

static int read_json(struct vuln *v, struct vuln_data *d, const char *name, int fd,
		     uint64_t size, int64_t when_ms, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(VULN_MAX_DOCUMENT);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct vuln_file *f;
	struct err why;

	if (read_whole(fd, size, &text, &why) == 0)
		doc = json_parse(buf_view(&text), &why);
	if (doc == NULL) {
		fail(file_of(d, name, VULN_OSV, when_ms), &why);
		return 0;
	}
	if (vuln_secdb_is(doc)) {
		f = file_of(d, name, VULN_SECDB, when_ms);
		if (vuln_secdb_read(v, doc, &f->count, &why) == 0)
			return 0;
		fail(f, &why);
		return why.kind == ERR_LIMIT ? err_set(e, why.kind, "%s", why.msg) : 0;
	}
	if (!vuln_osv_is(doc)) {
		stranger(d, name, "no vulnerabilities");
		return 0;
	}
	f = folder_of(d, name, when_ms);
	if (read_advisory(v, &f->count, name, doc, e) != 0)
		return -1;
	set_age(f);
	return 0;
}

int vuln_data_file(struct vuln *v, struct vuln_data *d, const char *name, int fd,
		   uint64_t size, int64_t when_ms, struct err *e)
{
	enum look kind;
	struct err why;

	d->looked_at++;
	if (look(fd, &kind, &why) != 0) {
		fail(file_of(d, name, VULN_OSV, when_ms), &why);
		return 0;
	}
	switch (kind) {
	case LOOK_ZIP:
		return read_zip(v, file_of(d, name, VULN_OSV, when_ms), fd, e);
	case LOOK_TRACKER:
		return read_tracker(v, file_of(d, name, VULN_TRACKER, when_ms), fd, e);
	case LOOK_JSON:
		return read_json(v, d, name, fd, size, when_ms, e);
	case LOOK_PACKED:
		stranger(d, name, "packed; unpack it first");
		return 0;
	default:
		stranger(d, name, "neither zip nor JSON");
		return 0;
	}
}

/* --- folders --- */

struct folder {
	struct vuln *v;
	struct vuln_data *d;
	const char *path; /* as people know it */
	unsigned depth;
};

static int read_folder(struct folder *f, int dirfd, const char *path, struct err *e);

static int on_entry(void *arg, int dirfd, const char *name, struct err *e)
{
	struct folder *f = arg;
	CLEANUP(mem_closep)
	int fd = -1;
	struct stat st;
	char path[PATH_BYTES];
	struct err why;
	uint64_t size;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	if (fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode)) {
		struct folder in = { f->v, f->d, path, f->depth + 1 };

		if (in.depth > VULN_MAX_DEPTH)
			return err_set(e, ERR_LIMIT, "%.200s: more than %d folders deep",
				       path, VULN_MAX_DEPTH);
		return read_folder(&in, dirfd, name, e);
	}
	if (f->d->looked_at == VULN_MAX_FILES)
		return err_set(e, ERR_LIMIT, "%.200s: more than %d files", path,
			       VULN_MAX_FILES);
	fd = fs_open_file(dirfd, name, &size, &why);
	if (fd < 0 || fstat(fd, &st) != 0) {
		fail(file_of(f->d, path, VULN_OSV, 0), &why);
		f->d->looked_at++;
		return 0;
	}
	return vuln_data_file(f->v, f->d, path, fd, size, (int64_t)st.st_mtime * 1000, e);
}

static int read_folder(struct folder *f, int dirfd, const char *path, struct err *e)
{
	return fs_each(dirfd, path, on_entry, f, e);
}

int vuln_data_folder(struct vuln *v, struct vuln_data *d, const char *path, struct err *e)
{
	struct folder f = { v, d, path, 1 };

	return read_folder(&f, AT_FDCWD, path, e);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct vuln_file *)a)->name,
		      ((const struct vuln_file *)b)->name);
}

void vuln_data_sort(struct vuln_data *d)
{
	if (d->n > 0)
		qsort(d->file, d->n, sizeof(*d->file), compare_files);
}

int64_t vuln_data_as_of(const struct vuln_data *d)
{
	int64_t oldest = 0;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!d->file[i].failed && d->file[i].as_of_ms > 0 &&
		    (oldest == 0 || d->file[i].as_of_ms < oldest))
			oldest = d->file[i].as_of_ms;
	return oldest;
}

void vuln_data_done(struct vuln_data *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->file[i].name);
	free(d->file);
	*d = (struct vuln_data){ 0 };
}
