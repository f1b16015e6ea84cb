/*
 * fuzz.h - what every target has: bytes in, and checks that hold for any bytes.
 *
 * A target checks more than that nothing crashes: what a parser accepts must survive
 * being written and read again. CHECK stays on in every build.
 */
#ifndef LARDER_TESTS_FUZZ_H
#define LARDER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CHECK(what)                                                                      \
	do {                                                                             \
		if (!(what))                                                             \
			abort();                                                         \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct view fuzz_view(const uint8_t *data, size_t size)
{
	return (struct view){ (const char *)data, size };
}

#endif
