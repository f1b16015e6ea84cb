/* A store's room: reserved, filled, given back; between processes; counted again. */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/layout.h"
#include "store/room.h"
#include "store_try.h"

static void to_the_limit_and_not_past_it(void **state)
{
	struct store *s = try_store(state);
	struct err e;

	assert_int_equal(room_reserve(s, UINT64_C(1) << 50, &e), 0); /* no limit */
	room_release(s, UINT64_C(1) << 50);
	room_set_limit(s, 100);
	assert_int_equal(room_reserve(s, 60, &e), 0);
	assert_err(room_reserve(s, 41, &e), e, ERR_NO_SPACE);
	assert_int_equal(room_reserve(s, 40, &e), 0);
	assert_int_equal(room_reserved(s), 100);
	room_filled(s, 60);
	assert_int_equal(room_used(s), 60);
	assert_int_equal(room_reserved(s), 40);
	assert_err(room_reserve(s, 1, &e), e, ERR_NO_SPACE);
	room_release(s, 40);
	room_sub(s, 10);
	assert_int_equal(room_used(s), 50);
	assert_int_equal(room_reserve(s, 50, &e), 0);
	room_add(s, 5); /* a manifest, whatever the limit says */
	assert_int_equal(room_used(s), 55);
	assert_err(room_reserve(s, UINT64_MAX, &e), e, ERR_NO_SPACE);
	room_set_limit(s, 0);
	assert_int_equal(room_reserve(s, 1000, &e), 0);
}

static int takes_sixty(struct store *mine)
{
	struct store *s;
	struct err e;

	(void)mine;
	if (store_open(mine->root, &s, &e) != 0)
		return 1;
	room_set_limit(s, 100);
	if (room_used(s) != 30 || room_reserve(s, 71, &e) == 0 ||
	    room_reserve(s, 60, &e) != 0)
		return 2;
	room_filled(s, 50);
	return 0; /* and dies with ten reserved */
}

static void between_processes(void **state)
{
	struct store *s = try_store(state), *again;
	struct try *t = *state;
	struct err e;

	room_set_limit(s, 100);
	room_add(s, 30);
	assert_int_equal(try_beside(takes_sixty, s), 0);
	assert_int_equal(room_used(s), 80);
	assert_int_equal(room_reserved(s), 10);
	store_close(s);
	/* Who is alone knows that nobody is about to write. */
	assert_int_equal(store_open(t->tmp->path, &again, &e), 0);
	t->s = again;
	assert_int_equal(room_used(again), 80);
	assert_int_equal(room_reserved(again), 0);
}

static void *gives_back(void *arg)
{
	struct store *s = arg;

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	room_sub(s, 50);
	return NULL;
}

static void waiting_for_room(void **state)
{
	struct store *s = try_store(state);
	int64_t began = clock_mono_ms();
	pthread_t t;
	struct err e;

	room_set_limit(s, 100);
	room_add(s, 90);
	assert_int_equal(pthread_create(&t, NULL, gives_back, s), 0);
	assert_int_equal(room_reserve_wait(s, 40, began + 10000, &e), 0);
	assert_true(clock_mono_ms() - began < 5000);
	pthread_join(t, NULL);
	assert_err(room_reserve_wait(s, 90, clock_mono_ms() + 30, &e), e, ERR_NO_SPACE);
	/* More than there can ever be is not waited for. */
	began = clock_mono_ms();
	assert_err(room_reserve_wait(s, 101, began + 10000, &e), e, ERR_NO_SPACE);
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

	room_set_limit(s, 100);
	room_on_pressure(s, 80, press, &pressed);
	assert_int_equal(pressed, 0);
	room_add(s, 79);
	assert_int_equal(pressed, 0);
	room_add(s, 1);
	assert_int_equal(pressed, 1);
	assert_int_equal(pthread_create(&t, NULL, gives_up, s), 0);
	assert_err(room_reserve_wait(s, 50, began + 10000, &e), e, ERR_NO_SPACE);
	assert_true(pressed > 1 && clock_mono_ms() - began < 5000);
	pthread_join(t, NULL);
	room_on_pressure(s, 0, NULL, NULL);
	pressed = 0;
	room_add(s, 1);
	assert_int_equal(pressed, 0);
}

static void counted_again(void **state)
{
	struct store *s = try_store(state);
	struct room_count c;

	assert_false(room_is_counted(s));
	room_add(s, 7);
	room_count_begin(s, &c);
	room_add(s, 100); /* meanwhile */
	room_count_end(s, &c, 1000);
	assert_true(room_is_counted(s));
	assert_int_equal(room_used(s), 1100);
	room_count_begin(s, &c);
	room_count_end(s, &c, 5);
	assert_int_equal(room_used(s), 5);
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
	room_set_limit(t->s, 10);
	assert_int_equal(room_reserve(t->s, 10, &e), 0);
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
		IN_STORE(without_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
