/*
 * zip.h - reading a zip, file by file (APPNOTE.TXT 6.3.10, with zip64). One thread at a
 * time.
 *
 * Found by its directory, which is read as it goes on, so that memory is the same
 * whatever the archive holds. Nothing of it is believed: names are for the caller to
 * judge, there are at most ZIP_MAX_ENTRIES, content is compared with its checksum, and
 * what unpacks to far more than it is (ZIP_BOMB_TIMES over ZIP_BOMB_FREE) is refused.
 */
#ifndef LARDER_CODEC_ZIP_H
#define LARDER_CODEC_ZIP_H

#include "base/buf.h"
#include "base/err.h"

#define ZIP_MAX_ENTRIES 2000000
#define ZIP_BOMB_TIMES 200
#define ZIP_BOMB_FREE (UINT64_C(256) << 20)

struct zip_reader;

/* fd is borrowed: a file. ERR_INVALID: it is no zip, or cut. */
struct zip_reader *zip_reader_new(int fd, struct err *e);
void zip_reader_free(struct zip_reader *r); /* NULL is fine */
void zip_reader_freep(struct zip_reader **r);
/* 1: *name is the next file's, valid until the next call. 0: there are no more. -1: the
 * directory is damaged (ERR_INVALID), against the limits (ERR_LIMIT), or cannot be read.
 */
int zip_reader_next(struct zip_reader *r, const char **name, struct err *e);
/* The whole of that file into out (cleared first). -1: ERR_LIMIT, it is larger than out's
 * limit; ERR_INVALID: it is damaged, encrypted or packed in an unknown way; out has
 * nothing of use. The next one may be read all the same. */
int zip_reader_content(struct zip_reader *r, struct buf *out, struct err *e);

#endif
