/*
 * tar.c - libarchive's pax writer, without blocking factor: what is written is in out
 * when the call returns.
 */
#include "codec/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

#define BLOCK_BYTES 512

struct tar {
	struct archive *a;
	struct archive_entry *entry;
	struct buf *out;
	uint64_t left; /* of the file that is being written */
};

static la_ssize_t on_write(struct archive *a, void *arg, const void *p, size_t n)
{
	struct tar *t = arg;

	if (buf_add(t->out, p, n) != 0) {
		archive_set_error(a, ENOBUFS, "no room for it");
		return -1;
	}
	return (la_ssize_t)n;
}

static int failed(const struct tar *t, struct err *e)
{
	const char *why = archive_error_string(t->a);

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
		failed(t, e);
		tar_free(t);
		return NULL;
	}
	return t;
}

void tar_free(struct tar *t)
{
	if (t == NULL)
		return;
	/* Closing would write; what was not ended is not to look whole. */
	if (t->a != NULL)
		archive_write_fail(t->a);
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
	if (archive_write_header(t->a, t->entry) != ARCHIVE_OK)
		return failed(t, e);
	t->left = size;
	return 0;
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
	if (archive_write_data(t->a, p, n) != (la_ssize_t)n)
		return failed(t, e);
	t->left -= n;
	return 0;
}

int tar_end(struct tar *t, struct err *e)
{
	if (t->left > 0)
		return err_set(e, ERR_INVALID, "writing a tar: %llu bytes are missing",
			       (unsigned long long)t->left);
	return archive_write_close(t->a) == ARCHIVE_OK ? 0 : failed(t, e);
}

uint64_t tar_entry_bytes(uint64_t size)
{
	return BLOCK_BYTES + (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}
