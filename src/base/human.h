/*
 * human.h - numbers as people read them.
 */
#ifndef LARDER_BASE_HUMAN_H
#define LARDER_BASE_HUMAN_H

#include <stdint.h>

#define HUMAN_MAX 32

/* "0 B", "999 B", "1.2 kB", "45.0 MB", "312 GB": powers of 1000. */
void human_bytes(uint64_t bytes, char out[HUMAN_MAX]);
/* "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "6 days". */
void human_ms(int64_t ms, char out[HUMAN_MAX]);

#endif
