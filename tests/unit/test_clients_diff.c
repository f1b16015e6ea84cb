/* Differences: as `diff -u` has them, and without secrets. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "clients/diff.h"

static void is(const char *a, const char *b, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 20);

	assert_int_equal(diff_unified(view_of(a), view_of(b), "a", "b", &out), 0);
	assert_string_equal(buf_str(&out), want);
}

static void small(void **state)
{
	is("", "", "");
	is("x\n", "x\n", "");
	is("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
	is("x\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
	is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	   "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	is("a\nb", "a\nb\nc\n",
	   "--- a\n+++ b\n@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of "
	   "file\n+b\n+c\n");
}

/* Two changes: six lines between them join the hunks, seven do not. */
static void hunks(void **state)
{
	is("x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
	   "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n");
	is("x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
	   "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n "
	   "7\n-y\n+Y\n");
}

static void secrets(void **state)
{
	is("  password: hunter2\n\"auth\" : \"aGk=\"\nhttp://me:pw@proxy/ https://a\n"
	   "author=x\n",
	   "  password: hunter2\n\"auth\" : \"aGk=\"\nhttp://me:pw@proxy/ https://a\n"
	   "author=x\nnew\n",
	   "--- a\n+++ b\n@@ -2,3 +2,4 @@\n \"auth\" : (hidden)\n"
	   " http://(hidden)@proxy/ https://a\n author=x\n+new\n");
	is("", "a = 'http://u:p@h' b = 'http://x:y@z' token=t\n",
	   "--- a\n+++ b\n@@ -0,0 +1 @@\n+a = 'http://(hidden)@h' b = "
	   "'http://(hidden)@z' "
	   "token= (hidden)\n");
}

/* Too many lines for the table: everything between is taken out and put in. */
static void large(void **state)
{
	CLEANUP(buf_done)
	struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20),
		   none = BUF_INIT(10);
	int i;

	for (i = 0; i < 4000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	assert_int_equal(diff_unified(buf_view(&a), buf_view(&b), "a", "b", &out), 0);
	assert_non_null(strstr(buf_str(&out), "@@ -1,4000 +1,4000 @@\n-a0\n-a1\n"));
	assert_int_equal(diff_unified(buf_view(&a), buf_view(&b), "a", "b", &none), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small),
		cmocka_unit_test(hunks),
		cmocka_unit_test(secrets),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
