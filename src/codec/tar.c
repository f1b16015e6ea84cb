/*
 * tar.c - libarchive's pax writer, without blocking factor: what is written is in out
 * when the call returns.
 *
 * libarchive 3.6 leaks what it holds for the stream if an operation failed before the
 * end. So none fails while it is in use: what finds no room is passed over, and `full`
 * says so.
 */
#include "codec/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>

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
