/*
 * unit.h - cmocka with the headers it wants before it, and what several tests share.
 */
#ifndef LARDER_TESTS_UNIT_H
#define LARDER_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/err.h"

/* The call failed with this kind and left a message. e is a struct err, cleared for the
 * next. */
#define assert_err(rc, e, want)                                                          \
	do {                                                                             \
		assert_int_equal(rc, -1);                                                \
		assert_int_equal((e).kind, want);                                        \
		assert_true((e).msg[0] != '\0');                                         \
		(e) = (struct err){ 0 };                                                 \
	} while (0)

/* The same for a function that returns a pointer. */
#define assert_null_err(p, e, want) assert_err((p) == NULL ? -1 : 0, e, want)

/* n times c, with a NUL; for texts at and over a limit. The caller frees. */
static inline char *unit_repeat(char c, size_t n)
{
	char *s = test_malloc(n + 1);

	memset(s, c, n);
	s[n] = '\0';
	return s;
}

#endif
