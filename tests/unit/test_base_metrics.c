/* Metrics: the text format, escapes, and the limit on cells. The registry is the
 * process's, so each test has families of its own. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/metrics.h"

static const char *render(struct buf *b)
{
	buf_clear(b);
	assert_int_equal(metrics_render(b), 0);
	return buf_str(b);
}

static void text_format(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1 << 20);
	struct metric *c =
		metrics_family(METRIC_COUNTER, "t_pulls_total", "kind,outcome", "Pulls.");
	struct metric *g = metrics_family(METRIC_GAUGE, "t_open", "", "Open now.");

	metrics_add(metrics_cell(c, "hit", "ok", NULL, NULL), 2);
	metrics_add(metrics_cell(c, "hit", "ok", NULL, NULL), 1);
	metrics_add(metrics_cell(c, "a\"b\\c\nd", "", NULL, NULL), 1);
	metrics_set(metrics_cell(g, NULL, NULL, NULL, NULL), -7);
	assert_non_null(strstr(render(&b),
			       "# HELP t_pulls_total Pulls.\n"
			       "# TYPE t_pulls_total counter\n"
			       "t_pulls_total{kind=\"hit\",outcome=\"ok\"} 3\n"));
	assert_non_null(
		strstr(buf_str(&b), "{kind=\"a\\\"b\\\\c\\nd\",outcome=\"\"} 1\n"));
	assert_non_null(strstr(buf_str(&b), "# TYPE t_open gauge\nt_open -7\n"));
}

static void asking_again_gives_the_same(void **state)
{
	struct metric *m = metrics_family(METRIC_COUNTER, "t_same_total", "x", "Same.");

	assert_ptr_equal(metrics_family(METRIC_COUNTER, "t_same_total", "x", "Same."), m);
	assert_ptr_equal(metrics_cell(m, "1", NULL, NULL, NULL),
			 metrics_cell(m, "1", "ignored", NULL, NULL));
	assert_ptr_not_equal(metrics_cell(m, "1", NULL, NULL, NULL),
			     metrics_cell(m, "2", NULL, NULL, NULL));
}

static void past_512_cells_all_are_other(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1 << 20);
	struct metric *m =
		metrics_family(METRIC_COUNTER, "t_many_total", "host", "Many.");
	metric_cell *first, *over;
	char name[16];
	int i;

	first = metrics_cell(m, "h0", NULL, NULL, NULL);
	for (i = 1; i < 512; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		metrics_cell(m, name, NULL, NULL, NULL);
	}
	assert_ptr_equal(metrics_cell(m, "h0", NULL, NULL, NULL), first);
	over = metrics_cell(m, "h512", NULL, NULL, NULL);
	metrics_add(over, 1);
	assert_ptr_equal(metrics_cell(m, "h513", NULL, NULL, NULL), over);
	assert_ptr_equal(metrics_cell(m, "h0", NULL, NULL, NULL), first);
	assert_non_null(strstr(render(&b), "t_many_total{host=\"other\"} 1\n"));
	assert_null(strstr(buf_str(&b), "h512"));
}

static void render_has_a_limit(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1 << 20);
	size_t i, whole;

	metrics_cell(metrics_family(METRIC_GAUGE, "t_last", "x", "Last."), "\\", "", "",
		     "");
	whole = (render(&b), b.n);
	for (i = whole > 100 ? whole - 100 : 0; i < whole; i++) {
		buf_done(&b);
		b.limit = i;
		assert_int_equal(metrics_render(&b), -1);
	}
	buf_done(&b);
	b.limit = whole;
	assert_int_equal(metrics_render(&b), 0);
}

static void sums(void **state)
{
	struct metric *m = metrics_family(METRIC_COUNTER, "t_sums", "a,b", "Sums.");
	int64_t n = -1;

	assert_false(metrics_sum("t_sums", NULL, NULL, NULL, NULL, &n));
	assert_false(metrics_sum("t_none", NULL, NULL, NULL, NULL, &n));
	metrics_add(metrics_cell(m, "x", "1", NULL, NULL), 1);
	metrics_add(metrics_cell(m, "x", "2", NULL, NULL), 10);
	metrics_add(metrics_cell(m, "y", "2", NULL, NULL), 100);
	assert_false(metrics_sum("t_sums", "a", "z", NULL, NULL, &n));
	assert_false(metrics_sum("t_sums", "c", "x", NULL, NULL, &n));
	assert_int_equal(n, -1);
	assert_true(metrics_sum("t_sums", NULL, NULL, NULL, NULL, &n));
	assert_int_equal(n, 111);
	assert_true(metrics_sum("t_sums", "a", "x", NULL, NULL, &n));
	assert_int_equal(n, 11);
	assert_true(metrics_sum("t_sums", "b", "2", "a", "y", &n));
	assert_int_equal(n, 100);
}

/* A gauge that is not known is not shown, nor the heading of none that is. */
static void not_known(void **state)
{
	struct metric *m = metrics_family(METRIC_GAUGE, "test_unknown", "a", "help");
	metric_cell *one = metrics_cell(m, "1", NULL, NULL, NULL);
	metric_cell *two = metrics_cell(m, "2", NULL, NULL, NULL);
	struct buf b = BUF_INIT(1 << 20);
	int64_t n = 0;

	metrics_set(one, METRIC_NONE);
	metrics_set(two, 5);
	assert_true(metrics_sum("test_unknown", NULL, NULL, NULL, NULL, &n));
	assert_int_equal(n, 5);
	assert_int_equal(metrics_render(&b), 0);
	assert_non_null(strstr(buf_str(&b), "test_unknown{a=\"2\"} 5"));
	assert_null(strstr(buf_str(&b), "test_unknown{a=\"1\"}"));
	metrics_clear(m);
	assert_false(metrics_sum("test_unknown", NULL, NULL, NULL, NULL, &n));
	buf_clear(&b);
	assert_int_equal(metrics_render(&b), 0);
	assert_null(strstr(buf_str(&b), "test_unknown"));
	metrics_set(one, 0);
	buf_clear(&b);
	assert_int_equal(metrics_render(&b), 0);
	assert_non_null(strstr(buf_str(&b), "test_unknown{a=\"1\"} 0"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_format),
		cmocka_unit_test(asking_again_gives_the_same),
		cmocka_unit_test(past_512_cells_all_are_other),
		cmocka_unit_test(render_has_a_limit),
		cmocka_unit_test(sums),
		cmocka_unit_test(not_known),
	};

	return cmocka_run_group_tests_name("base/metrics", tests, NULL, NULL);
}
