/*
 * human.h - sizes, times and texts as people read them. Pure.
 */
#ifndef LARDER_BASE_HUMAN_H
#define LARDER_BASE_HUMAN_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define HUMAN_MAX 32

/* "0B", "999B", "1.2kB", "45.0MB", "312GB": powers of 1000, as Docker shows them. */
void human_bytes(uint64_t bytes, char out[HUMAN_MAX]);
/* How long something took: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "6 days". */
void human_ms(int64_t ms, char out[HUMAN_MAX]);
/* How long ago, in one unit: "12 s", "5 min", "3 h", "2 d". */
void human_span(int64_t ms, char out[HUMAN_MAX]);
/* The same text, with "?" for each byte that could steer a terminal: control characters,
 * those of UTF-8 (U+0080 to U+009F) too; white space becomes spaces. Returns it. */
char *human_clean(char *text);
/* The same where nothing but ASCII belongs: "?" for each other byte. */
char *human_ascii(char *text);
/* Appends text that somebody else chose so that it shows as what it is, on one line: what
 * steers a terminal, turns the direction of writing or does not show at all becomes an
 * escape ("\n", "\x1b", "\u202e"), and so does a byte that is no UTF-8. At most `most`
 * bytes, the last three "..." where it is longer. -1: over to's limit. */
int human_escape(struct buf *to, const char *text, size_t most);
/* Text that somebody else chose, to a terminal: what is not printable as "?". */
void human_print(FILE *to, const char *text);

#endif
