/*
 * ledger_try.h - one account's ledger, a clock to move, and a registry that says numbers.
 *
 * It is not docker.io: a look is a request of its own.
 */
#ifndef LARDER_TESTS_LEDGER_TRY_H
#define LARDER_TESTS_LEDGER_TRY_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "upstream/gate.h"
#include "upstream/remote.h"

#define WINDOW_S 21600
#define HOUR_MS 3600000

static char clock_path[] = "/tmp/larder-ledger-XXXXXX";
static int64_t moved_ms;
static char host[] = "example.com";
static struct account a;
static struct upstream u = { .host = host, .account = &a, .n_accounts = 1 };
static struct ledger *const l = &a.ledger;
static struct err e;

static inline void move(int64_t ms)
{
	FILE *f = fopen(clock_path, "w");

	assert_non_null(f);
	moved_ms += ms;
	fprintf(f, "%lld", (long long)moved_ms);
	assert_int_equal(fclose(f), 0);
}

static inline int fresh(void **state)
{
	a = (struct account){ .host = host };
	ledger_init(l);
	e = (struct err){ 0 };
	gate_open();
	return 0;
}

/* An answer to a request that was sent at began_ms. */
static inline void say_at(int limit, int left, int64_t began_ms)
{
	struct transport_answer t = { .status = 200, .headers = BUF_INIT(1000) };

	buf_addf(&t.headers,
		 "ratelimit-limit: %d;w=%d\nratelimit-remaining: %d;w=%d\n"
		 "docker-ratelimit-source: 192.0.2.7\n",
		 limit, WINDOW_S, left, WINDOW_S);
	ledger_note(&a, &t, true, began_ms);
	buf_done(&t.headers);
}

static inline void say(int limit, int left)
{
	say_at(limit, left, INT64_MAX);
}

static inline int soon(struct ledger_pull *p)
{
	return ledger_begin(&u, &a, clock_mono_ms() + 20, p, &e);
}

/* One pull from its beginning to its end; left < 0: the answer has no numbers. */
static inline void pull(int limit, int left)
{
	struct ledger_pull p;

	assert_int_equal(soon(&p), 0);
	if (left >= 0)
		say(limit, left);
	ledger_end(&a, &p, LEDGER_END_COUNTED, 0, &e);
}

static inline struct upstream_quota shown(void)
{
	struct upstream_quota q;

	upstream_quotas(&u, &q, 1);
	return q;
}

static inline void assert_refused(void)
{
	struct ledger_pull p;

	assert_int_equal(soon(&p), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.msg, "the pull quota is used up"));
}

static inline int begin_all(void **state)
{
	int fd = mkstemp(clock_path);

	setenv("LARDER_TEST_CLOCK_FILE", clock_path, 1);
	return fd >= 0 ? close(fd) : -1;
}

static inline int end_all(void **state)
{
	return unlink(clock_path);
}

#endif
