/*
 * tar.h - a tar archive, written as a stream (libarchive, sole user).
 *
 * pax, restricted to what plain ustar can say: names up to 255 bytes, sizes up to 8 GiB
 * without extension headers. Owner root, mode 0644 (directories 0755), time 0: the same
 * input gives the same bytes. One thread at a time.
 */
#ifndef LARDER_CODEC_TAR_H
#define LARDER_CODEC_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TAR_STEP_BYTES 65536 /* what one call adds to out at most, and a few KiB */

struct tar;

/* What is written is added to out, which is borrowed; whoever calls takes it from there
 * between calls. Its limit must leave room for TAR_STEP_BYTES and 16 KiB. */
struct tar *tar_new(struct buf *out, struct err *e);
void tar_free(struct tar *t);
void tar_freep(struct tar **t);
int tar_dir(struct tar *t, const char *name, struct err *e);
/* Then exactly size bytes by tar_data, each time at most TAR_STEP_BYTES. */
int tar_file(struct tar *t, const char *name, uint64_t size, struct err *e);
int tar_data(struct tar *t, const void *p, size_t n, struct err *e);
/* The end of the archive. ERR_INVALID: the last file is short. */
int tar_end(struct tar *t, struct err *e);

/* How many bytes a file's entry takes: header, content, padding; of names of up to 100
 * bytes and sizes under 8 GiB. */
uint64_t tar_entry_bytes(uint64_t size);

#endif
