/* Who has been told of which pulls: each is told once, whoever made it. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "mirror/book.h"

#define AT INT64_C(1790000000000)
#define SLOT INT64_C(60000)

static struct upstream_quota said(int64_t remaining, int64_t seen_ms)
{
	return (struct upstream_quota){ .known = true,
					.limit = 100,
					.remaining = remaining,
					.window_s = 21600,
					.seen_wall_ms = seen_ms };
}

static uint64_t untold(const struct book_account *a)
{
	struct upstream_spent s[BOOK_MAX_SLOTS];
	size_t n = book_untold_of(a, s, BOOK_MAX_SLOTS), i;
	uint64_t sum = 0;

	for (i = 0; i < n; i++)
		sum += s[i].n;
	return sum;
}

static uint64_t to_write(struct book *b)
{
	uint64_t sum = 0;
	size_t i, k;

	book_writing(b);
	for (i = 0; i < b->n; i++)
		for (k = 0; k < b->account[i]->n_slots; k++)
			sum += b->account[i]->slot[k].writing;
	return sum;
}

static void accounts(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");
	char id[32];
	int i;

	(void)state;
	assert_ptr_equal(book_account(&b, "docker.io", ""), a);
	assert_ptr_not_equal(book_account(&b, "quay.io", ""), a);
	for (i = 0; b.n < BOOK_MAX_ACCOUNTS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_non_null(book_account(&b, "docker.io", id));
	}
	assert_null(book_account(&b, "docker.io", "one more"));
	assert_ptr_equal(book_account(&b, "docker.io", ""), a);
	assert_false(book_is_unwritten(&b));
	book_done(&b);
}

/* Of our own the upstream knows, of others' the file does. */
static void each_is_told_once(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");

	(void)state;
	book_spent(a, AT, 3, true);
	assert_int_equal(untold(a), 0);
	assert_true(book_is_unwritten(&b));
	book_read_spent(a, AT, 2); /* another process's, in the same slot */
	assert_int_equal(untold(a), 2);
	assert_int_equal(to_write(&b), 3);
	book_spent(a, AT, 1, true); /* while it is being written */
	book_written(&b);
	book_told(a);
	assert_int_equal(untold(a), 0);
	assert_int_equal(to_write(&b), 1);
	book_read_spent(a, AT, 5); /* what the file has by now */
	assert_int_equal(untold(a), 0);
	book_read_spent(a, AT, 9);
	assert_int_equal(untold(a), 4);
	book_read_spent(a, AT, 9);
	assert_int_equal(untold(a), 4);
	book_written(&b);
	assert_false(book_is_unwritten(&b));
	assert_int_equal(a->slot[0].all, 10);
	book_done(&b);
}

/* A writing that fails is done again, no more and no less. */
static void not_written(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");

	(void)state;
	book_spent(a, AT, 3, true);
	assert_int_equal(to_write(&b), 3);
	book_spent(a, AT, 1, true);
	assert_int_equal(to_write(&b), 4);
	book_written(&b);
	assert_int_equal(to_write(&b), 0);
	/* A file begun anew has nothing: all goes into it, the others' pulls too. */
	book_read_spent(a, AT, 6);
	book_unfiled(&b);
	assert_int_equal(to_write(&b), 6);
	book_written(&b);
	book_read_spent(a, AT, 6);
	assert_int_equal(a->slot[0].all, 6);
	/* And one that has lost some is not wondered at. */
	book_read_spent(a, AT, 1);
	assert_int_equal(a->slot[0].all, 6);
	book_done(&b);
}

static void new_settings(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");
	struct upstream_quota q = said(70, AT);

	(void)state;
	book_observed(a, &q, true);
	book_spent(a, AT, 3, true);
	book_untold(&b);
	assert_false(a->told);
	assert_int_equal(untold(a), 3);
	book_told(a);
	book_spent(a, AT, 2, false); /* by an upstream of the old ones */
	assert_int_equal(untold(a), 2);
	assert_int_equal(to_write(&b), 5);
	book_done(&b);
}

static void later_wins(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");
	struct upstream_quota early = said(70, AT), late = said(60, AT + 1);

	(void)state;
	book_observed(a, &late, true);
	book_read_quota(a, &early);
	assert_int_equal(a->quota.remaining, 60);
	assert_true(a->told && a->unwritten);
	late = said(50, AT + 2);
	book_read_quota(a, &late);
	assert_int_equal(a->quota.remaining, 50);
	assert_false(a->told || a->unwritten);
	/* Said while another is being written: that is still to be written. */
	book_observed(a, &early, true);
	book_writing(&b);
	assert_true(a->writing);
	book_observed(a, &late, true);
	book_written(&b);
	assert_true(a->unwritten);
	book_done(&b);
}

static void slots_are_bounded(void **state)
{
	struct book b = { 0 };
	struct book_account *a = book_account(&b, "docker.io", "");
	int i;

	(void)state;
	for (i = 0; i < BOOK_MAX_SLOTS + 10; i++)
		book_spent(a, AT + (i % 2 == 0 ? i : BOOK_MAX_SLOTS - i) * SLOT, 1, true);
	assert_int_equal(a->n_slots, BOOK_MAX_SLOTS);
	for (i = 1; i < BOOK_MAX_SLOTS; i++)
		assert_true(a->slot[i - 1].at_ms < a->slot[i].at_ms);
	book_spent(a, 1, 1, true); /* older than all */
	book_read_spent(a, 1, 1);
	assert_int_equal(a->n_slots, BOOK_MAX_SLOTS);
	assert_true(a->slot[0].at_ms > 1);
	book_age(a, AT + 10 * SLOT);
	assert_int_equal(a->slot[0].at_ms, AT + 10 * SLOT);
	book_age(a, INT64_MAX);
	assert_int_equal(a->n_slots, 0);
	book_spent(a, AT, UINT32_MAX, true);
	book_spent(a, AT, 1, true);
	assert_int_equal(a->slot[0].all, UINT32_MAX);
	book_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts),    cmocka_unit_test(each_is_told_once),
		cmocka_unit_test(not_written), cmocka_unit_test(new_settings),
		cmocka_unit_test(later_wins),  cmocka_unit_test(slots_are_bounded),
	};

	return cmocka_run_group_tests_name("mirror/book", tests, NULL, NULL);
}
