/*
 * human.c - numbers as people read them. No state.
 */
#include "base/human.h"

#include <stdbool.h>

#include "base/mem.h"

void human_bytes(uint64_t bytes, char out[HUMAN_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double n = (double)bytes;
	size_t i = 0;

	while (n >= 999.5 && i + 1 < ARRAY_LEN(units)) {
		n /= 1000;
		i++;
	}
	snprintf(out, HUMAN_MAX, i == 0 || n >= 99.95 ? "%.0f%s" : "%.1f%s", n, units[i]);
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

void human_ms(int64_t ms, char out[HUMAN_MAX])
{
	long long s = (long long)((ms + 500) / 1000);

	if (ms < 9950)
		snprintf(out, HUMAN_MAX, "%.1f s", (double)(ms < 0 ? 0 : ms) / 1000);
	else if (s < 60)
		snprintf(out, HUMAN_MAX, "%lld s", s);
	else if (s < 3600)
		snprintf(out, HUMAN_MAX, "%lld min %lld s", s / 60, s % 60);
	else if (s < 48 * 3600)
		snprintf(out, HUMAN_MAX, "%lld h %lld min", s / 3600, s / 60 % 60);
	else
		snprintf(out, HUMAN_MAX, "%lld days", s / 86400);
}

char *human_clean(char *text)
{
	unsigned char *p = (unsigned char *)text, before = 0;

	for (; *p != '\0'; p++) {
		bool c1 = *p >= 0x80 && *p < 0xa0 && (before < 0x80 || before == 0xc2);

		if (c1 && before == 0xc2)
			p[-1] = '?';
		before = *p;
		if (*p == '\t' || *p == '\n' || *p == '\r')
			*p = ' ';
		else if (*p < ' ' || *p == 0x7f || c1)
			*p = '?';
	}
	return text;
}

char *human_ascii(char *text)
{
	char *p;

	for (p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

void human_print(FILE *to, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text < ' ' || *text > '~' ? '?' : *text, to);
}
