/*
 * human.c - numbers as people read them. No state.
 */
#include "base/human.h"

#include <stdbool.h>
#include <string.h>

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
		if (*p == '\t' || *p == '\n' || *p == '\r')
			*p = ' ';
		else if (*p < ' ' || *p == 0x7f || c1)
			*p = '?';
		before = *p; /* as it is now: cleaning twice changes nothing more */
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

/* Steers, hides or turns what stands beside it: controls, soft hyphen, bidirectional
 * marks (Unicode Standard Annex 9), joiners and spaces without width, separators of
 * lines, fillers, variation selectors and tags. */
static bool misleads(unsigned c)
{
	static const struct {
		unsigned from, to;
	} ranges[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xe0000, 0xe0fff },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

/* The next character as it is to be shown; how many bytes of p it takes. */
static size_t show_one(const char *p, size_t n, char out[12])
{
	unsigned code = (unsigned char)*p;
	size_t len = code < 0x80 ? 1 : view_utf8(p, n, &code);

	if (len == 0)
		snprintf(out, 12, "\\x%02x", code);
	else if (code == '\n' || code == '\t' || code == '\r')
		snprintf(out, 12, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
	else if (misleads(code))
		snprintf(out, 12, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
	else
		snprintf(out, 12, "%.*s", (int)len, p);
	return len > 0 ? len : 1;
}

int human_escape(struct buf *to, const char *text, size_t most)
{
	size_t n = strlen(text), at = 0, begin = to->n, fits = to->n, step;
	char one[12];

	while (at < n) {
		step = show_one(text + at, n - at, one);
		if (to->n - begin + strlen(one) > most) {
			if (to->n > fits)
				buf_cut(to, fits);
			return buf_adds(to, "...");
		}
		if (buf_adds(to, one) != 0)
			return -1;
		if (to->n - begin + 3 <= most)
			fits = to->n;
		at += step;
	}
	return 0;
}

void human_print(FILE *to, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text < ' ' || *text > '~' ? '?' : *text, to);
}
