/*
 * clock.h - the time, in one place so that tests can move it.  Any thread.
 */
#ifndef LARDER_BASE_CLOCK_H
#define LARDER_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, for what is stored or shown. With the environment variable
 * LARDER_TEST_CLOCK_FILE set (tests only), the milliseconds written in that file are
 * added. */
int64_t clock_wall_ms(void);
/* Milliseconds since some fixed moment, never going back, for waits and deadlines. */
int64_t clock_mono_ms(void);
/* The same, for how long something is remembered or how often something is done: the test
 * clock moves it, as it moves clock_wall_ms. Not for waits. */
int64_t clock_passed_ms(void);

#endif
