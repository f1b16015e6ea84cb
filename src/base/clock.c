/*
 * clock.c - wall and monotonic time.  The test offset is read from its file at each call,
 * and only when the variable was set at the first one.
 */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *offset_file;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_offset_file(void)
{
	offset_file = getenv("LARDER_TEST_CLOCK_FILE");
}

static int64_t test_offset_ms(void)
{
	long long ms = 0;
	FILE *f;

	pthread_once(&once, find_offset_file);
	if (offset_file == NULL)
		return 0;
	f = fopen(offset_file, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%lld", &ms) != 1)
		ms = 0;
	fclose(f);
	return ms;
}

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME) + test_offset_ms();
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_passed_ms(void)
{
	return read_ms(CLOCK_MONOTONIC) + test_offset_ms();
}
