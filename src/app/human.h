/*
 * human.h - sizes, times and names as a table for people shows them. Pure.
 */
#ifndef LARDER_APP_HUMAN_H
#define LARDER_APP_HUMAN_H

#include <stdint.h>
#include <stdio.h>

#define HUMAN_MAX 32

/* "999B", "1.2kB", "340MB": powers of 1000, as Docker shows them. */
void human_bytes(uint64_t bytes, char out[HUMAN_MAX]);
/* "12 s", "5 min", "3 h", "2 d". */
void human_span(int64_t ms, char out[HUMAN_MAX]);
/* Text that somebody else chose, to a terminal: what is not printable as "?". */
void human_print(FILE *to, const char *text);

#endif
