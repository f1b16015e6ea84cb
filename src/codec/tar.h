/*
 * tar.h - a tar archive, written and read as a stream (libarchive, sole user). One thread
 * at a time.
 *
 * Written is pax, restricted to what plain ustar can say: names up to 255 bytes, sizes up
 * to 8 GiB without extension headers. Owner root, mode 0644 (directories 0755), time 0:
 * the same input gives the same bytes.
 */
#ifndef LARDER_CODEC_TAR_H
#define LARDER_CODEC_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/hash.h"

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

/*
 * Reading: any kind of tar, plain or compressed with gzip or zstd. Nothing of it is
 * believed: names are for the caller to judge, an archive has at most TAR_MAX_ENTRIES
 * entries, files with holes are no files, and what unpacks to far more than it is
 * (TAR_BOMB_TIMES over TAR_BOMB_FREE) is refused.
 */
#define TAR_MAX_ENTRIES 2000000
#define TAR_BOMB_TIMES 200
#define TAR_BOMB_FREE (UINT64_C(256) << 20)

struct tar_reader;

enum tar_kind { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_entry {
	enum tar_kind kind;
	const char *name; /* without "./" at its beginning and "/" at its end */
	const char *link; /* of the links, what they say; else "" */
	uint64_t size;	  /* of a file */
};

/* fd is borrowed, and read from its beginning, by offset: a file. ERR_INVALID: it is no
 * tar. */
struct tar_reader *tar_reader_new(int fd, struct err *e);
void tar_reader_free(struct tar_reader *r); /* NULL is fine */
void tar_reader_freep(struct tar_reader **r);
/* 1: *out is the next entry, valid until the next call; what was not read of the one
 * before is passed over. 0: the archive has ended. -1: it is cut or damaged
 * (ERR_INVALID), against the limits (ERR_LIMIT), or cannot be read. */
int tar_reader_next(struct tar_reader *r, struct tar_entry *out, struct err *e);
/* Some of the present file's bytes; *n 0: that was all. Never more than its size. */
int tar_reader_data(struct tar_reader *r, void *p, size_t room, size_t *n, struct err *e);
/* Before the first entry: each byte of fd is read, and added to h, which is borrowed;
 * also those that no entry needs. */
int tar_reader_watch(struct tar_reader *r, struct hash *h, struct err *e);
/* What is left of fd is read and added as well; then there are no more entries. */
int tar_reader_drain(struct tar_reader *r, struct err *e);
/* How much of fd has been read or passed over. */
uint64_t tar_reader_place(const struct tar_reader *r);

#endif
