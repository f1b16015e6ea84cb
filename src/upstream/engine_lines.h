/*
 * engine_lines.h - the lines of JSON in which an engine tells how long work goes, and
 * whether it failed: the status of such an answer is 200 in any case.
 */
#ifndef LARDER_UPSTREAM_ENGINE_LINES_H
#define LARDER_UPSTREAM_ENGINE_LINES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define ENGINE_LINE_MAX_BYTES (256u << 10)

struct engine_lines {
	struct buf line;  /* what has come of the present one */
	struct buf *said; /* what people may want to read; NULL: not wanted */
	bool failed;
	struct err why; /* then */
};

void engine_lines_init(struct engine_lines *l, struct buf *said);
void engine_lines_done(struct engine_lines *l);
/* -1: *e; no engine sends such a line. */
int engine_lines_feed(struct engine_lines *l, const void *p, size_t n, struct err *e);
/* No more will come. -1: the engine said that it failed (NOT_FOUND, DENIED, BUSY,
 * NO_SPACE or UPSTREAM, by its words). */
int engine_lines_end(struct engine_lines *l, struct err *e);
/* A kind by the words of an engine's message, UPSTREAM where they say nothing. */
enum err_kind engine_lines_kind(const char *message);

#endif
