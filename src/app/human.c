/*
 * human.c - formatting. No state.
 */
#include "app/human.h"

#include <string.h>

void human_bytes(uint64_t bytes, char out[HUMAN_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double n = (double)bytes;
	unsigned unit = 0;

	while (n >= 999.5 && unit < 6) {
		n /= 1000;
		unit++;
	}
	snprintf(out, HUMAN_MAX, unit > 0 && n < 99.95 ? "%.1f%s" : "%.0f%s", n,
		 units[unit]);
}

void human_span(int64_t ms, char out[HUMAN_MAX])
{
	int64_t s = ms > 0 ? ms / 1000 : 0;

	if (s < 60)
		snprintf(out, HUMAN_MAX, "%lld s", (long long)s);
	else if (s < 3600)
		snprintf(out, HUMAN_MAX, "%lld min", (long long)s / 60);
	else if (s < 48 * 3600)
		snprintf(out, HUMAN_MAX, "%lld h", (long long)s / 3600);
	else
		snprintf(out, HUMAN_MAX, "%lld d", (long long)s / 86400);
}

void human_print(FILE *to, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text < ' ' || *text > '~' ? '?' : *text, to);
}
