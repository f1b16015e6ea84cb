/*
 * history_file.h - a tag's history as it is on disk: a line a move, the oldest first,
 * "<milliseconds> <digest, or -> <from where>\n", as a note (store/note.h).
 *
 * For history.c, and for who looks at all of them. Any thread.
 */
#ifndef LARDER_STORE_HISTORY_FILE_H
#define LARDER_STORE_HISTORY_FILE_H

#include "store/history.h"

/* ERR_NOT_FOUND: there is none. ERR_CORRUPT: torn, cut or changed. */
int history_file_read(struct store *s, const struct reponame *name, const char *tag,
		      struct history *out, struct err *e);
/* The last HISTORY_MAX_MOVES of h. Whole on return whatever becomes of the power, and
 * with `durable` there after it. */
int history_file_write(struct store *s, const struct reponame *name, const char *tag,
		       const struct history *h, bool durable, struct err *e);
/* One more; from is borrowed. */
void history_file_add(struct history *h, int64_t ms, const struct digest *d,
		      const char *from); /* d NULL: gone */

/* Every history there is, also of tags and repositories that are not here any more, in no
 * order. fn as in walk.h. */
int history_file_each(struct store *s,
		      int (*fn)(void *arg, const struct reponame *name, const char *tag,
				struct err *e),
		      void *arg, struct err *e);

#endif
