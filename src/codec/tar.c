/*
 * tar.c - libarchive's pax writer, without blocking factor: what is written is in out
 * when the call returns; and its reader of tars, over a descriptor.
 *
 * libarchive 3.6 leaks what it holds for the stream if an operation failed before the
 * end. So none fails while it is in use: what finds no room is passed over, and `full`
 * says so.
 */
#include "codec/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define BLOCK_BYTES 512

struct tar {
	struct archive *a;
	struct archive_entry *entry;
	struct buf *out;
	uint64_t left; /* of the file that is being written */
	bool full, ending;
};

static la_ssize_t on_write(struct archive *a, void *arg, const void *p, size_t n)
{
	struct tar *t = arg;

	if (t->ending) /* do not fill up what was left of a file */
		return -1;
	if (buf_add(t->out, p, n) != 0)
		t->full = true;
	return (la_ssize_t)n;
}

/* What libarchive says of an operation, and whether its bytes have found room. */
static int outcome(const struct tar *t, bool ok, struct err *e)
{
	const char *why = archive_error_string(t->a);

	if (t->full)
		return err_set(e, ERR_IO, "writing a tar: no room for it");
	if (ok)
		return 0;
	return err_set(e, ERR_IO, "writing a tar: %s",
		       why != NULL ? why : "no reason given");
}

struct tar *tar_new(struct buf *out, struct err *e)
{
	struct tar *t = mem_alloc(sizeof(*t));

	t->out = out;
	t->a = archive_write_new();
	t->entry = archive_entry_new();
	if (t->a == NULL || t->entry == NULL)
		abort(); /* as mem_alloc */
	if (archive_write_set_format_pax_restricted(t->a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(t->a, 0) != ARCHIVE_OK ||
	    archive_write_open(t->a, t, NULL, on_write, NULL) != ARCHIVE_OK) {
		outcome(t, false, e);
		tar_free(t);
		return NULL;
	}
	return t;
}

void tar_free(struct tar *t)
{
	if (t == NULL)
		return;
	t->ending = true;
	archive_write_free(t->a);
	archive_entry_free(t->entry);
	free(t);
}

void tar_freep(struct tar **t)
{
	tar_free(*t);
}

static int add(struct tar *t, const char *name, mode_t type, unsigned short mode,
	       uint64_t size, struct err *e)
{
	if (t->left > 0)
		return err_set(e, ERR_INVALID, "writing a tar: %llu bytes are missing",
			       (unsigned long long)t->left);
	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, name);
	archive_entry_set_filetype(t->entry, type);
	archive_entry_set_perm(t->entry, mode);
	archive_entry_set_mtime(t->entry, 0, 0);
	archive_entry_set_size(t->entry, (la_int64_t)size);
	t->left = size;
	return outcome(t, archive_write_header(t->a, t->entry) == ARCHIVE_OK, e);
}

int tar_dir(struct tar *t, const char *name, struct err *e)
{
	return add(t, name, AE_IFDIR, 0755, 0, e);
}

int tar_file(struct tar *t, const char *name, uint64_t size, struct err *e)
{
	return add(t, name, AE_IFREG, 0644, size, e);
}

int tar_data(struct tar *t, const void *p, size_t n, struct err *e)
{
	if (n > t->left)
		return err_set(e, ERR_INVALID,
			       "writing a tar: a file is longer than said");
	t->left -= n;
	return outcome(t, archive_write_data(t->a, p, n) == (la_ssize_t)n, e);
}

int tar_end(struct tar *t, struct err *e)
{
	if (t->left > 0)
		return err_set(e, ERR_INVALID, "writing a tar: %llu bytes are missing",
			       (unsigned long long)t->left);
	return outcome(t, archive_write_close(t->a) == ARCHIVE_OK, e);
}

uint64_t tar_entry_bytes(uint64_t size)
{
	return BLOCK_BYTES + (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

/* --- reading --- */

#define READ_BYTES (256u << 10)
#define NAME_BYTES 4096

struct tar_reader {
	struct archive *a;
	int fd;
	uint64_t at, size;  /* of fd */
	struct hash *watch; /* or NULL */
	unsigned entries;
	bool in_file;
	uint64_t left; /* of the file that is being read */
	char name[NAME_BYTES];
	char piece[READ_BYTES];
};

static ssize_t read_piece(struct tar_reader *r)
{
	ssize_t n;

	do
		n = pread(r->fd, r->piece, sizeof(r->piece), (off_t)r->at);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		r->at += (uint64_t)n;
		if (r->watch != NULL)
			hash_add(r->watch, r->piece, (size_t)n);
	}
	return n;
}

static la_ssize_t on_piece(struct archive *a, void *arg, const void **p)
{
	struct tar_reader *r = arg;
	ssize_t n = read_piece(r);

	if (n < 0)
		archive_set_error(a, errno, "%s", strerror(errno));
	*p = r->piece;
	return n;
}

/* Never past the end, so that a cut archive is noticed. */
static la_int64_t on_skip(struct archive *a, void *arg, la_int64_t want)
{
	struct tar_reader *r = arg;
	uint64_t left = r->at < r->size ? r->size - r->at : 0;
	uint64_t n = want > 0 ? (uint64_t)want : 0;

	if (n > left)
		n = left;
	if (r->watch != NULL) /* then it is read */
		return 0;
	r->at += n;
	return (la_int64_t)n;
}

static int read_failed(const struct tar_reader *r, struct err *e)
{
	const char *why = archive_error_string(r->a);
	int number = archive_errno(r->a);

	if (number == EIO || number == EISDIR || number == EBADF) {
		errno = number;
		return err_errno(e, "reading a tar");
	}
	if (r->entries == 0)
		return err_set(e, ERR_INVALID,
			       "it is no tar, plain or compressed with gzip or zstd "
			       "(%.100s)",
			       why != NULL ? why : "no reason given");
	return err_set(e, ERR_INVALID, "the tar is cut or damaged: %.150s",
		       why != NULL ? why : "no reason given");
}

struct tar_reader *tar_reader_new(int fd, struct err *e)
{
	struct tar_reader *r = mem_alloc(sizeof(*r));
	struct stat st;

	r->fd = fd;
	r->a = archive_read_new();
	if (r->a == NULL)
		abort(); /* as mem_alloc */
	if (fstat(fd, &st) != 0) {
		err_errno(e, "reading a tar");
		tar_reader_free(r);
		return NULL;
	}
	r->size = (uint64_t)st.st_size;
	archive_read_support_format_tar(r->a);
	archive_read_support_filter_gzip(r->a);
	archive_read_support_filter_zstd(r->a);
	if (archive_read_open2(r->a, r, NULL, on_piece, on_skip, NULL) != ARCHIVE_OK) {
		read_failed(r, e);
		tar_reader_free(r);
		return NULL;
	}
	return r;
}

void tar_reader_free(struct tar_reader *r)
{
	if (r == NULL)
		return;
	archive_read_free(r->a);
	free(r);
}

void tar_reader_freep(struct tar_reader **r)
{
	tar_reader_free(*r);
}

static bool is_packed(const struct tar_reader *r)
{
	return archive_filter_code(r->a, 0) != ARCHIVE_FILTER_NONE;
}

static int check_bomb(const struct tar_reader *r, struct err *e)
{
	la_int64_t in = archive_filter_bytes(r->a, -1);
	la_int64_t out = archive_filter_bytes(r->a, 0);

	if (!is_packed(r) || out < 0 || in < 0 || (uint64_t)out <= TAR_BOMB_FREE ||
	    (uint64_t)out / TAR_BOMB_TIMES <= (uint64_t)in)
		return 0;
	return err_set(e, ERR_LIMIT,
		       "the archive unpacks to more than %d times its size: no image "
		       "does. Unpack it by other means, if you trust it",
		       TAR_BOMB_TIMES);
}

int tar_reader_data(struct tar_reader *r, void *p, size_t room, size_t *n, struct err *e)
{
	size_t want = r->left < room ? (size_t)r->left : room;
	la_ssize_t got;

	*n = 0;
	if (!r->in_file || want == 0)
		return 0;
	do
		got = archive_read_data(r->a, p, want);
	while (got == ARCHIVE_RETRY);
	if (got < 0)
		return read_failed(r, e);
	if (got == 0)
		return err_set(e, ERR_INVALID,
			       "the tar is cut or damaged: a file ends too "
			       "early");
	r->left -= (uint64_t)got;
	*n = (size_t)got;
	return check_bomb(r, e);
}

/* libarchive would unpack what is left in one go, however much that is. */
static int pass_over(struct tar_reader *r, struct err *e)
{
	char piece[16384];
	size_t n = 1;

	while (is_packed(r) && n > 0)
		if (tar_reader_data(r, piece, sizeof(piece), &n, e) != 0)
			return -1;
	r->in_file = false;
	return 0;
}

static enum tar_kind kind_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry) != NULL)
		return TAR_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return archive_entry_sparse_count(entry) == 0 ? TAR_FILE : TAR_OTHER;
	case AE_IFDIR:
		return TAR_DIR;
	case AE_IFLNK:
		return TAR_SYMLINK;
	default:
		return TAR_OTHER;
	}
}

/* One that is too long, or cannot be said here, is nobody's: "". */
static void take_name(struct tar_reader *r, const char *name)
{
	size_t n;

	while (name != NULL && strncmp(name, "./", 2) == 0)
		for (name += 2; *name == '/'; name++)
			;
	n = name != NULL ? strlen(name) : 0;
	while (n > 0 && name[n - 1] == '/')
		n--;
	if (n >= sizeof(r->name))
		n = 0;
	if (n > 0)
		memcpy(r->name, name, n);
	r->name[n] = '\0';
}

static void describe(struct tar_reader *r, struct archive_entry *entry,
		     struct tar_entry *out)
{
	const char *link;

	*out = (struct tar_entry){ .kind = kind_of(entry), .name = r->name, .link = "" };
	take_name(r, archive_entry_pathname(entry));
	link = out->kind == TAR_HARDLINK  ? archive_entry_hardlink(entry)
	       : out->kind == TAR_SYMLINK ? archive_entry_symlink(entry)
					  : NULL;
	if (link != NULL)
		out->link = link;
	r->in_file = out->kind == TAR_FILE && archive_entry_size(entry) >= 0;
	out->size = r->in_file ? (uint64_t)archive_entry_size(entry) : 0;
	r->left = out->size;
}

int tar_reader_next(struct tar_reader *r, struct tar_entry *out, struct err *e)
{
	struct archive_entry *entry;
	int rc;

	if (pass_over(r, e) != 0)
		return -1;
	do
		rc = archive_read_next_header(r->a, &entry);
	while (rc == ARCHIVE_RETRY);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return read_failed(r, e);
	if (r->entries++ == TAR_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "the archive has more than %d entries",
			       TAR_MAX_ENTRIES);
	if (check_bomb(r, e) != 0)
		return -1;
	describe(r, entry, out);
	return 1;
}

uint64_t tar_reader_place(const struct tar_reader *r)
{
	return r->at < r->size ? r->at : r->size;
}

/* What has been read to find out what it is, is read again. */
int tar_reader_watch(struct tar_reader *r, struct hash *h, struct err *e)
{
	uint64_t until = r->at;
	char again[16384];
	ssize_t n = 1;

	r->at = 0;
	while (r->at < until && n > 0) {
		size_t want = (size_t)(until - r->at);

		if (want > sizeof(again))
			want = sizeof(again);
		n = pread(r->fd, again, want, (off_t)r->at);
		if (n > 0) {
			hash_add(h, again, (size_t)n);
			r->at += (uint64_t)n;
		}
	}
	r->at = until;
	r->watch = h;
	return n < 0 ? err_errno(e, "reading a tar") : 0;
}

int tar_reader_drain(struct tar_reader *r, struct err *e)
{
	ssize_t n;

	while ((n = read_piece(r)) > 0)
		;
	return n < 0 ? err_errno(e, "reading a tar") : 0;
}
