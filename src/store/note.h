/*
 * note.h - larder's own small files, which end in a check of what is before it.
 *
 * What a blob says is proved by its digest, what a link says by its path. Notes have
 * neither, so that a bit that has turned would go unseen. One whose check is wrong counts
 * as not there: all that notes say can be found out again. Any thread.
 */
#ifndef LARDER_STORE_NOTE_H
#define LARDER_STORE_NOTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

/* In one step, as fs_write. */
int note_write(struct store *s, const char *path, struct view content, bool durable,
	       struct err *e);
/* The same, between durable and not: what is read after a power cut is whole, this or
 * what was there before. */
int note_write_whole(struct store *s, const char *path, struct view content,
		     struct err *e);
/* Appends the content to out. ERR_NOT_FOUND; ERR_CORRUPT: cut or changed; ERR_LIMIT: more
 * than out takes. */
int note_read(struct store *s, const char *path, struct buf *out, struct err *e);

#endif
