/*
 * buf.h - the two string types: a borrowed view, and a growable buffer with a limit.
 *
 * A buf never holds more than its limit; what does not fit is refused whole (-1,
 * ERR_LIMIT is for the caller to say) and the content stays as it was.  Its bytes are
 * always followed by a NUL that is not counted.  One thread at a time.
 */
#ifndef LARDER_BASE_BUF_H
#define LARDER_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct view {
	const char *p;
	size_t n;
};

#define VIEW(s) ((struct view){ (s), sizeof(s) - 1 })

struct view view_of(const char *s); /* NULL gives an empty view */
bool view_is(struct view v, const char *s);
bool view_is_nocase(struct view v, const char *s);
bool view_starts(struct view v, const char *prefix);
struct view view_trim(struct view v); /* without leading and trailing spaces and tabs */
struct view view_word(struct view *line); /* its first word, which it loses; or empty */

/* The character of several bytes (UTF-8) that begins at s, of which there are n > 0
 * bytes: how long it is, and its number. 0: none does, or it is not well formed. */
size_t view_utf8(const char *s, size_t n, unsigned *code);

struct buf {
	char *p; /* NULL until something is added */
	size_t n;
	size_t cap;
	size_t limit; /* bytes of content, mandatory */
};

#define BUF_INIT(limit_bytes) ((struct buf){ NULL, 0, 0, (limit_bytes) })

void buf_init(struct buf *b, size_t limit);
void buf_done(struct buf *b);	       /* frees; the buf is empty and usable again */
void buf_clear(struct buf *b);	       /* keeps the memory */
void buf_cut(struct buf *b, size_t n); /* its first n bytes stay; it has no fewer */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *s);
__attribute__((format(printf, 2, 3))) int buf_addf(struct buf *b, const char *fmt, ...);
/* Room for n more bytes at the end; NULL when over the limit. Then buf_grew(b, used). */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
const char *buf_str(const struct buf *b); /* never NULL */
struct view buf_view(const struct buf *b);
/* s as the inside of a JSON string, quotes not included: UTF-8 stays, control characters
 * are escaped, and a byte that is no UTF-8 counts as the character of its number. */
int buf_add_json(struct buf *b, const char *s, size_t n);

#endif
