/* A store's room: reserved, filled, given back; between processes; counted again. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "store/blob.h"
#include "store/census.h"
#include "store/layout.h"
#include "store/partial.h"
#include "store/room.h"
#include "store/room_count.h"
#include "store/room_file.h"
#include "store/upload.h"
#include "store_try.h"

/* A 64th of it is for small things. */
#define LIMIT 6400
#define MOST 6300

static void add(struct store *s, uint64_t n)
{
	assert_int_equal(room_take(s, n, NULL), 0);
}

static void to_the_limit_and_not_past_it(void **state)
{
	struct store *s = try_store(state);
	struct err e;

	assert_int_equal(room_reserve(s, UINT64_C(1) << 50, &e), 0); /* no limit */
	room_release(s, UINT64_C(1) << 50);
	room_set_limit(s, LIMIT);
	assert_int_equal(room_most(s), MOST);
	assert_int_equal(room_reserve(s, MOST - 40, &e), 0);
	assert_err(room_reserve(s, 41, &e), e, ERR_NO_SPACE);
	assert_int_equal(room_reserve(s, 40, &e), 0);
	assert_int_equal(room_reserved(s), MOST);
	room_filled(s, MOST - 40);
	assert_int_equal(room_used(s), MOST - 40);
	assert_int_equal(room_reserved(s), 40);
	assert_err(room_reserve(s, 1, &e), e, ERR_NO_SPACE);
	assert_int_equal(room_take(s, 100, &e), 0); /* a manifest */
	assert_err(room_take(s, 1, &e), e, ERR_NO_SPACE);
	room_sub(s, 100);
	room_release(s, 40);
	room_unnamed(s, 1000);
	assert_int_equal(room_used(s), MOST - 1040);
	assert_int_equal(room_reserved(s), 1000);
	room_release(s, 1000);
	assert_int_equal(room_used(s), MOST - 1040);
	assert_err(room_reserve(s, UINT64_MAX, &e), e, ERR_NO_SPACE);
	room_set_limit(s, 100); /* below what is used */
	assert_err(room_take(s, 1, &e), e, ERR_NO_SPACE);
	room_set_limit(s, 0);
	assert_int_equal(room_reserve(s, 100000, &e), 0);
	assert_int_equal(room_take(s, 100000, &e), 0);
}

static int takes_most(struct store *mine)
{
	struct store *s;
	struct err e;

	if (store_open(mine->root, &s, &e) != 0)
		return 1;
	room_set_limit(s, LIMIT);
	if (room_used(s) != 300 || room_reserve(s, 6001, &e) == 0 ||
	    room_reserve(s, 6000, &e) != 0)
		return 2;
	room_filled(s, 4000);
	return 0; /* and dies with 2000 reserved */
}

static void between_processes(void **state)
{
	struct store *s = try_store(state), *again;
	struct try *t = *state;
	uint64_t used, reserved;
	struct err e;

	room_set_limit(s, LIMIT);
	room_counted(s, true);
	add(s, 300);
	assert_int_equal(try_beside(takes_most, s), 0);
	assert_int_equal(room_used(s), 4300);
	assert_int_equal(room_reserved(s), 2000);
	assert_int_equal(room_known(s), ROOM_COUNTED);
	room_reap(s); /* what nobody is there to fill */
	assert_int_equal(room_reserved(s), 0);
	assert_int_equal(room_known(s), ROOM_DOUBTFUL);
	room_counted(s, true);
	assert_int_equal(room_reserve(s, 10, &e), 0);
	room_reap(s); /* and not one's own */
	assert_int_equal(room_reserved(s), 10);
	store_close(s);
	assert_int_equal(store_look(t->tmp->path, &again, &e), 0);
	assert_true(room_file_look(again, &used, &reserved));
	assert_int_equal(used, 4300);
	assert_int_equal(reserved, 0);
	store_close(again);
	assert_int_equal(store_open(t->tmp->path, &again, &e), 0);
	t->s = again;
	assert_int_equal(room_used(again), 4300);
	assert_int_equal(room_known(again), ROOM_COUNTED);
}

static int dies(struct store *mine)
{
	struct store *s;

	return store_open(mine->root, &s, NULL) != 0 || room_reserve(s, 70, NULL) != 0 ||
	       room_take(s, 7, NULL) != 0;
}

/* Who is alone knows that nobody is about to write, and that not all may be true. */
static void after_a_crash(void **state)
{
	struct store *s = try_store(state);
	struct try *t = *state;
	struct store alone = *s;

	room_counted(s, true);
	store_close(s);
	alone.root = t->tmp->path;
	assert_int_equal(try_beside(dies, &alone), 0);
	assert_int_equal(store_open(t->tmp->path, &t->s, NULL), 0);
	assert_int_equal(room_reserved(t->s), 0);
	assert_int_equal(room_used(t->s), 7);
	assert_int_equal(room_known(t->s), ROOM_DOUBTFUL);
}

static void *gives_back(void *arg)
{
	struct store *s = arg;

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_int_equal(room_wanted(s), 4000);
	room_sub(s, 5000);
	return NULL;
}

static void waiting_for_room(void **state)
{
	struct store *s = try_store(state);
	int64_t began = clock_mono_ms();
	pthread_t t;
	struct err e;

	room_set_limit(s, LIMIT);
	add(s, 6000);
	assert_int_equal(pthread_create(&t, NULL, gives_back, s), 0);
	assert_int_equal(room_reserve_wait(s, 4000, began + 10000, &e), 0);
	assert_true(clock_mono_ms() - began < 5000);
	pthread_join(t, NULL);
	assert_int_equal(room_wanted(s), 0);
	assert_err(room_reserve_wait(s, 6000, clock_mono_ms() + 30, &e), e, ERR_NO_SPACE);
	/* More than there can ever be is not waited for. */
	began = clock_mono_ms();
	assert_err(room_reserve_wait(s, MOST + 1, began + 10000, &e), e, ERR_NO_SPACE);
	assert_true(clock_mono_ms() - began < 5000);
}

static void *gives_up(void *arg)
{
	struct store *s = arg;

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	room_give_up(s);
	return NULL;
}

static unsigned pressed;

static void press(void *arg)
{
	assert_ptr_equal(arg, &pressed);
	pressed++;
}

static void pressure_and_no_help(void **state)
{
	struct store *s = try_store(state);
	int64_t began = clock_mono_ms();
	pthread_t t;
	struct err e;

	pressed = 0;
	room_counted(s, true);
	room_set_limit(s, LIMIT);
	room_on_pressure(s, 5000, press, &pressed);
	assert_int_equal(pressed, 0);
	add(s, 4999);
	room_expect(s, MOST - 4999);
	assert_int_equal(pressed, 0);
	assert_false(room_is_pressed(s));
	room_expect(s, MOST - 4998);
	assert_int_equal(pressed, 1);
	add(s, 1);
	assert_int_equal(pressed, 2);
	assert_true(room_is_pressed(s));
	assert_int_equal(pthread_create(&t, NULL, gives_up, s), 0);
	assert_err(room_reserve_wait(s, 3000, began + 10000, &e), e, ERR_NO_SPACE);
	assert_true(pressed > 2 && clock_mono_ms() - began < 5000);
	pthread_join(t, NULL);
	room_on_pressure(s, 0, NULL, NULL);
	pressed = 0;
	add(s, 1);
	assert_int_equal(pressed, 0);
}

static void counted_again(void **state)
{
	struct digest d = { .alg = HASH_SHA256, .bytes = { 7 } };
	struct store *s = try_store(state);
	struct room_count c, rest;

	assert_int_equal(room_known(s), ROOM_NOT_COUNTED);
	add(s, 7);
	assert_true(room_count_begin(s, 7, &c));
	assert_true(room_count_begin(s, ROOM_SLICES, &rest));
	room_blob_begin(s, &d); /* a blob comes meanwhile */
	assert_false(room_count_end(s, &c, 100));
	assert_false(room_count_begin(s, 7, &c));
	add(s, 40);
	room_blob_end(s, &d, 40);
	assert_false(room_count_end(s, &c, 100));
	assert_false(room_count_end(s, &rest, 9));
	assert_int_equal(room_used(s), 47);
	assert_true(room_count_begin(s, 7, &c));
	assert_true(room_count_end(s, &c, 100));
	assert_int_equal(room_used(s), 107);
	assert_true(room_count_begin(s, ROOM_SLICES, &rest));
	assert_true(room_count_end(s, &rest, 9)); /* and not 7 */
	assert_int_equal(room_used(s), 109);
	room_counted(s, true);
	assert_int_equal(room_known(s), ROOM_COUNTED);
}

static uint64_t breaths;

static bool breathe(void *arg)
{
	assert_null(arg);
	return ++breaths != 100000;
}

/* What is on disk, whatever the numbers say. */
static void a_census(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("content"), torn = try_digest("other");
	struct err e = { 0 };
	layout_path path;

	assert_int_equal(blob_put(s, &d, "content", 7, &e), 0);
	assert_int_equal(room_used(s), 7);
	layout_blob(path, &torn);
	try_put(s, path, "");
	assert_int_equal(blob_put(s, &torn, "other", 5, &e), 0);
	assert_int_equal(room_used(s), 12);
	assert_int_equal(census_run(s, breathe, NULL, &e), 0);
	assert_int_equal(room_used(s), 12);
	assert_true(breaths >= 256);
	assert_int_equal(room_known(s), ROOM_COUNTED);
	try_put(s, path, "longer than it was"); /* behind its back */
	try_put(s, LAYOUT_PARTIALS "/sha256-x", "0123456789");
	try_put(s, LAYOUT_UPLOADS "/y", "01234567890123456789");
	assert_int_equal(census_run(s, breathe, NULL, &e), 0);
	assert_int_equal(room_used(s), 7 + 18 + 10 + 20);
	blob_remove(s, &torn);
	assert_int_equal(room_used(s), 37);
	breaths = 99999;
	assert_err(census_run(s, breathe, NULL, &e), e, ERR_CANCELLED);
	room_set_limit(s, 40);
	assert_err(blob_put(s, &torn, "other", 5, &e), e, ERR_NO_SPACE);
	assert_false(try_exists(s, path));
	assert_int_equal(room_used(s), 37);
}

static void *a_slow_disk(void *arg)
{
	static const struct timespec ts = { .tv_nsec = 300000000 };
	struct digest d = try_digest("content");
	struct store *s = arg;
	layout_path path;

	room_blob_begin(s, &d);
	assert_int_equal(room_take(s, 7, NULL), 0);
	layout_blob(path, &d);
	try_put(s, path, "content");
	nanosleep(&ts, NULL); /* its name is there, and waits for the disk */
	room_blob_end(s, &d, 7);
	return NULL;
}

/* A file that takes long to come is counted once. */
static void a_census_beside_a_slow_disk(void **state)
{
	struct store *s = try_store(state);
	struct err e = { 0 };
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, a_slow_disk, s), 0);
	while (room_used(s) == 0)
		sched_yield();
	assert_int_equal(census_run(s, NULL, NULL, &e), 0);
	pthread_join(t, NULL);
	assert_int_equal(room_used(s), 7);
	assert_int_equal(room_known(s), ROOM_COUNTED);
}

/* A partial's room, from the first byte to the last. */
static void partials(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("0123456789");
	struct partial p, q;
	struct err e = { 0 };

	room_set_limit(s, LIMIT);
	assert_int_equal(partial_open(s, &d, &p, &e), 0);
	assert_int_equal(partial_need(&p, 6000, 0, &e), 0);
	assert_int_equal(room_reserved(s), 6000);
	assert_int_equal(partial_open(s, &d, &q, &e), 0);
	assert_err(partial_need(&q, 301, 1, &e), e, ERR_NO_SPACE);
	assert_int_equal(partial_write(&q, 0, "01234", 5, 1, &e), 0); /* size not known */
	assert_int_equal(room_reserved(s), 6005); /* nobody finds it after a crash */
	assert_int_equal(partial_write(&p, 0, "0123", 4, 0, &e), 0);
	assert_int_equal(partial_write(&p, 2, "2345", 4, 0, &e), 0);
	assert_int_equal(room_used(s), 6);
	assert_int_equal(room_reserved(s), 5999);
	partial_close(s, &p); /* broken off */
	assert_int_equal(room_used(s), 6);
	assert_int_equal(room_reserved(s), 5);
	assert_int_equal(partial_open(s, &d, &p, &e), 0);
	assert_int_equal(partial_write(&p, 6, "6789", 4, 0, &e), 0);
	assert_int_equal(partial_commit(s, &d, &p, &e), 0);
	partial_unlock(&p);
	assert_int_equal(room_used(s), 10);
	assert_int_equal(partial_write(&q, 5, "56789", 5, 1, &e), 0);
	assert_int_equal(partial_commit(s, &d, &q, &e), 0); /* in place of the other */
	assert_int_equal(room_used(s), 10);
	assert_int_equal(room_reserved(s), 0);
	partial_close(s, &q);
	partial_close(s, &p);
	partial_close(s, &p);
	assert_int_equal(room_used(s), 10);
	assert_int_equal(room_reserved(s), 0);
	assert_int_equal(census_run(s, NULL, NULL, &e), 0);
	assert_int_equal(room_used(s), 10);
}

static void partials_that_end_otherwise(void **state)
{
	struct store *s = try_store(state);
	struct digest d = try_digest("0123456789");
	struct partial p;
	struct err e = { 0 };

	assert_int_equal(partial_open(s, &d, &p, &e), 0);
	assert_int_equal(partial_need(&p, 100, 0, &e), 0);
	assert_int_equal(partial_write(&p, 0, "0123456789", 10, 0, &e), 0);
	partial_cut(s, &p, 8);
	assert_int_equal(room_used(s), 0);
	assert_int_equal(room_reserved(s), 8);
	partial_close(s, &p);
	assert_int_equal(room_reserved(s), 0);
	assert_int_equal(partial_open(s, &d, &p, &e), 0);
	assert_int_equal(partial_write(&p, 0, "0123456789", 10, 0, &e), 0);
	assert_int_equal(partials_expire(s, -10000), 0); /* in use */
	partial_close(s, &p);
	assert_int_equal(room_used(s), 10);
	assert_int_equal(partials_expire(s, 10000), 0);
	assert_int_equal(partials_expire(s, -10000), 1);
	assert_int_equal(room_used(s), 0);
	assert_int_equal(partial_open(s, &d, &p, &e), 0);
	assert_int_equal(partial_need(&p, 10, 0, &e), 0);
	partial_discard(s, &p);
	partial_close(s, &p);
	assert_int_equal(room_used(s) + room_reserved(s), 0);
}

static void uploads(void **state)
{
	struct store *s = try_store(state);
	struct reponame name = try_name("team/a");
	struct digest d = try_digest("0123456789");
	struct uploads *us = uploads_new(s);
	struct upload *u;
	struct err e = { 0 };
	char *much = unit_repeat('x', MOST);

	room_set_limit(s, LIMIT);
	assert_int_equal(upload_begin(us, &name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, "0123456789", 10, &e), 0);
	assert_int_equal(room_used(s), 10);
	assert_err(upload_add(u, much, MOST, &e), e, ERR_NO_SPACE);
	upload_close(u); /* that was its end */
	assert_int_equal(room_used(s) + room_reserved(s), 0);
	assert_int_equal(upload_begin(us, &name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, "0123456789", 10, &e), 0);
	assert_int_equal(upload_add(u, "0123456789", 10, &e), 0);
	upload_cut(u, 10);
	assert_int_equal(room_used(s), 10);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	upload_close(u);
	assert_int_equal(upload_begin(us, &name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, "0123456789", 10, &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0); /* again, in its place */
	upload_close(u);
	assert_int_equal(room_used(s), 10);
	assert_int_equal(upload_begin(us, &name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, "0123", 4, &e), 0);
	upload_cancel(u);
	upload_close(u);
	assert_int_equal(upload_begin(us, &name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, "0123", 4, &e), 0);
	upload_close(u);
	assert_int_equal(room_used(s), 14);
	assert_int_equal(uploads_expire(us, -10000), 1);
	assert_int_equal(room_used(s) + room_reserved(s), 10);
	assert_int_equal(census_run(s, NULL, NULL, &e), 0);
	assert_int_equal(room_used(s), 10);
	uploads_free(us);
	test_free(much);
}

static void without_the_file(void **state)
{
	struct try *t = *state;
	struct store *s = try_store(state);
	struct err e;

	store_close(s);
	assert_int_equal(unlinkat(t->tmp->fd, LAYOUT_ROOM, 0), 0);
	assert_int_equal(mkdirat(t->tmp->fd, LAYOUT_ROOM, 0755), 0);
	assert_int_equal(store_open(t->tmp->path, &t->s, &e), 0);
	room_set_limit(t->s, LIMIT);
	assert_int_equal(room_reserve(t->s, MOST, &e), 0);
	assert_err(room_reserve(t->s, 1, &e), e, ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(to_the_limit_and_not_past_it),
		IN_STORE(between_processes),
		IN_STORE(waiting_for_room),
		IN_STORE(pressure_and_no_help),
		IN_STORE(counted_again),
		IN_STORE(after_a_crash),
		IN_STORE(a_census),
		IN_STORE(a_census_beside_a_slow_disk),
		IN_STORE(partials),
		IN_STORE(partials_that_end_otherwise),
		IN_STORE(uploads),
		IN_STORE(without_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
