/* Rows of histories: from the store, as JSON, and what another larder may send. */
#include "unit.h"

#include "store_try.h"
#include "mirror/past_json.h"

#define T0 1700000000000

static struct past_row got[16];
static size_t ngot;

static int take(void *arg, const struct past_row *r, struct err *e)
{
	assert_true(ngot < ARRAY_LEN(got));
	got[ngot++] = *r;
	return arg != NULL ? 7 : 0;
}

static void from_a_store(void **state)
{
	struct store *s = try_store(state);
	struct reponame a = try_name("team/a");
	struct route r = { .plan = plan_new(), .name = a, .remote = a };
	struct past_ask ask = { .store = s, .route = &r, .last = "" };
	struct digest x = try_digest("x"), y = try_digest("y");
	struct err e = { 0 };

	assert_err(past_list(&ask, take, NULL, &e), e, ERR_NOT_FOUND);
	assert_int_equal(history_set(s, &a, "v1", &x, T0, "docker.io", &e), 0);
	assert_int_equal(history_set(s, &a, "v1", &y, T0 + 1000, "docker.io", &e), 0);
	assert_int_equal(history_set(s, &a, "v2", &x, T0 + 2000, HISTORY_PUSH, &e), 0);
	assert_int_equal(history_remove(s, &a, "v2", T0 + 3000, HISTORY_DELETE, &e), 0);
	ngot = 0;
	assert_int_equal(past_list(&ask, take, NULL, &e), 0);
	assert_int_equal(ngot, 4);
	assert_string_equal(got[0].shown, "team/a");
	assert_string_equal(got[0].tag, "v1");
	assert_string_equal(got[0].from, "docker.io");
	assert_true(digest_equal(&got[1].digest, &y) && got[1].since_ms == T0 + 1000);
	assert_int_equal(got[1].here, PAST_NONE);
	assert_true(got[3].gone);
	assert_int_equal(past_list(&ask, take, &ask, &e), 7);
	/* after one, of one, and of a time */
	ngot = 0;
	ask.last = "v1";
	assert_int_equal(past_list(&ask, take, NULL, &e), 0);
	assert_int_equal(ngot, 2);
	ask.tag = "v1";
	ask.has_asof = true;
	ask.asof_ms = T0 + 999;
	ngot = 0;
	assert_int_equal(past_list(&ask, take, NULL, &e), 0);
	assert_int_equal(ngot, 1);
	assert_true(digest_equal(&got[0].digest, &x));
	ask.asof_ms = T0 - 1;
	assert_err(past_list(&ask, take, NULL, &e), e, ERR_NOT_FOUND);
	ask.tag = "v2";
	ask.asof_ms = T0 + 3000;
	assert_err(past_list(&ask, take, NULL, &e), e, ERR_NOT_FOUND);
	plan_unref(r.plan);
}

static void as_json(void **state)
{
	struct past_row r = { .shown = "quay.io/x/y",
			      .repository = try_name("quay.io/x/y"),
			      .tag = "v1",
			      .since_ms = T0,
			      .digest = try_digest("x"),
			      .here = PAST_PART,
			      .from = "quay.io" };
	struct past_row back;
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(PAST_JSON_MAX);
	CLEANUP(buf_done)
	struct buf small = BUF_INIT(100);
	struct err e = { 0 };

	assert_int_equal(past_json_write(&line, &r), 0);
	assert_int_equal(line.p[line.n - 1], '\n');
	assert_int_equal(past_json_read(buf_view(&line), &back, &e), 0);
	assert_string_equal(back.shown, r.shown);
	assert_string_equal(back.repository.s, r.repository.s);
	assert_string_equal(back.tag, r.tag);
	assert_string_equal(back.from, r.from);
	assert_true(back.since_ms == T0 && back.here == PAST_PART && !back.gone);
	assert_true(digest_equal(&back.digest, &r.digest));
	buf_clear(&line);
	r.gone = true;
	assert_int_equal(past_json_write(&line, &r), 0);
	assert_non_null(strstr(buf_str(&line), "\"digest\":null,\"here\":null,"));
	assert_int_equal(past_json_read(buf_view(&line), &back, &e), 0);
	assert_true(back.gone);
	assert_int_equal(past_json_write(&small, &r), -1);
	assert_int_equal(small.n, 0);
}

static void of_another(void **state)
{
#define ROW(name, tag, from, since, more)                                                \
	"{\"name\":\"" name "\",\"repository\":\"a\",\"tag\":\"" tag                     \
	"\",\"from\":\"" from "\",\"since\":\"" since "\"" more "}"
#define THEN "2026-11-01T12:30:00Z"
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		ROW("", "1", "x", THEN, ""),
		ROW("a", "", "x", THEN, ""),
		ROW("a", "1", "", THEN, ""),
		ROW("a", "1", "x", "soon", ""),
		ROW("a", "1", "x", THEN, ",\"digest\":\"sha256:12\""),
		ROW("a", "1", "x", THEN, ",\"digest\":") "}",
	};
	struct past_row r;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(past_json_read(view_of(bad[i]), &r, &e), e, ERR_UPSTREAM);
	assert_int_equal(past_json_read(view_of(ROW("a\\u001b[2J", "1\\u0007", "x\\n",
						    THEN, ",\"here\":\"soon\"")),
					&r, &e),
			 0);
	assert_string_equal(r.shown, "a?[2J");
	assert_string_equal(r.tag, "1?");
	assert_string_equal(r.from, "x?");
	assert_int_equal(r.here, PAST_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(from_a_store),
		cmocka_unit_test(as_json),
		cmocka_unit_test(of_another),
	};

	return cmocka_run_group_tests_name("mirror/past", tests, NULL, NULL);
}
