/* Rows of the inventory as JSON, and what another larder may send in their place. */
#include "unit.h"

#include "inventory_try.h"

/* A row survives the way to another larder, but for what could harm a terminal. */
static void as_json(void **state)
{
	struct store *s = try_store(state);
	struct buf line = BUF_INIT(INVENTORY_JSON_MAX);
	struct inventory_row *back = mem_alloc(sizeof(*back));
	struct inventory_ask ask = { 0 };
	const struct inventory_row *r;
	struct err e = { 0 };
	struct got *g;
	struct digest d;

	d = put_image(s, "library/x", "1", BAD, "one", "two", true);
	put_index(s, "library/x", "2", &d);
	checked(s, "library/x", "2", &d, 60000);
	g = look(s, &ask, "", 100);
	r = row_of(g, "x", "2");
	assert_int_equal(inventory_json_write(&line, r), 0);
	assert_int_equal(line.p[line.n - 1], '\n');
	assert_int_equal(inventory_json_read(buf_view(&line), back, &e), 0);
	assert_string_equal(back->shown, "x");
	assert_string_equal(back->repository.s, "library/x");
	assert_true(digest_equal(&back->digest, &r->digest));
	assert_int_equal(back->bytes, r->bytes);
	assert_int_equal(back->shared, r->shared);
	assert_int_equal(back->state, r->state);
	assert_int_equal(back->nplatforms, 2);
	assert_true(back->platform[0].complete && !back->platform[1].complete);
	assert_int_equal(back->stored_ms, r->stored_ms / 1000 * 1000);
	buf_clear(&line);
	assert_int_equal(inventory_json_write(&line, row_of(g, "x", "1")), 0);
	assert_null(memchr(line.p, '\033', line.n));
	free(g);
	buf_done(&line);
	assert_err(inventory_json_read(VIEW("[]"), back, &e), e, ERR_UPSTREAM);
	assert_err(inventory_json_read(VIEW("{\"name\":\"x\"}"), back, &e), e,
		   ERR_UPSTREAM);
	assert_int_equal(
		inventory_json_read(
			VIEW("{\"name\":\"a\\u001bb\",\"state\":\"odd\",\"size\":-5,"
			     "\"used\":\"9999-99-99\",\"platforms\":[1,{}],\"tag\":7}"),
			back, &e),
		0);
	assert_string_equal(back->shown, "a?b");
	assert_int_equal(back->bytes, 0);
	assert_int_equal(back->shared, -1);
	assert_int_equal(back->used_ms, 0);
	assert_int_equal(back->nplatforms, 0);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(as_json),
	};

	return cmocka_run_group_tests_name("mirror/inventory_json", tests, NULL, NULL);
}
