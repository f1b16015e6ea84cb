/*
 * breaker_try.h - one breaker, with a clock to turn; what its tests share.
 */
#ifndef LARDER_TESTS_BREAKER_TRY_H
#define LARDER_TESTS_BREAKER_TRY_H

#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "upstream/gate.h"
#include "upstream/remote.h"

#define HOUR 3600000
#define R BREAKER_REGISTRY
#define C BREAKER_CDN

static char clock_path[] = "/tmp/larder-clock-XXXXXX";
static struct upstream u;
static struct breaker *b = &u.breaker[R];
static struct breaker_pass pass;
static struct err e;
static int64_t moved_ms;

static inline void set_clock(int64_t ms)
{
	FILE *f = fopen(clock_path, "w");

	assert_non_null(f);
	fprintf(f, "%lld", (long long)ms);
	fclose(f);
	moved_ms = ms;
}

static inline void move(int64_t ms)
{
	set_clock(moved_ms + ms);
}

static inline int fresh(void **state)
{
	static char host[] = "docker.io";

	u = (struct upstream){ .host = host };
	e = (struct err){ 0 };
	set_clock(0);
	gate_open();
	return 0;
}

/* Waits 5 ms at most: whoever can only wait is refused. */
static inline int enter_for(enum breaker_part part, const char *repository)
{
	return breaker_enter(&u, part, repository, clock_mono_ms() + 5, &pass, &e);
}

static inline int enter(void)
{
	return enter_for(R, "a");
}

static inline void leave(enum breaker_end end)
{
	breaker_leave(&pass, end, "connection refused", -1);
}

static inline void once(const char *repository, enum breaker_end end)
{
	assert_int_equal(enter_for(R, repository), 0);
	leave(end);
}

static inline void fail_it(unsigned times)
{
	while (times-- > 0)
		once("a", BREAKER_END_FAILED);
}

/* Past the first seconds, in which people wait. */
static inline void make_old(void)
{
	move(BREAKER_PATIENCE_MS);
	once("a", BREAKER_END_FAILED);
}

static inline void assert_refused(enum err_kind kind, bool lasting)
{
	int64_t began = clock_mono_ms();

	assert_int_equal(breaker_enter(&u, R, "a", 0, &pass, &e), -1);
	assert_in_range(clock_mono_ms() - began, 0, 100);
	assert_int_equal(e.kind, kind);
	assert_int_equal(e.lasting, lasting);
	assert_true(e.retry_after_s > 0);
}

#define T(f) cmocka_unit_test_setup(f, fresh)

/* The clock's file is there while they run. */
#define RUN(tests)                                                                       \
	int fd = mkstemp(clock_path), rc;                                                \
                                                                                         \
	if (fd < 0)                                                                      \
		return 1;                                                                \
	close(fd);                                                                       \
	setenv("LARDER_TEST_CLOCK_FILE", clock_path, 1);                                 \
	log_setup(LOG_ERROR, LOG_TEXT);                                                  \
	rc = cmocka_run_group_tests(tests, NULL, NULL);                                  \
	unlink(clock_path);                                                              \
	return rc

#endif
