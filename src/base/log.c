/*
 * log.c - builds a line in a buffer on the stack and writes it at once.
 *
 * text: 2026-11-23T10:00:00.123Z warn flight.retry digest=sha256:… landed_bytes=12
 * json: {"time":"…","level":"warn","event":"flight.retry","digest":"…","landed_bytes":12}
 */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 12288
#define VALUE_MAX_BYTES                                                                  \
	560 /* one escaped value; what is longer is cut, and ends in "..." */

static atomic_int least_level = LOG_INFO;
static atomic_int line_format = LOG_TEXT;
static atomic_bool access_on = true;

struct line {
	char p[LINE_MAX_BYTES];
	size_t n;
};

void log_setup(enum log_level least, enum log_format format)
{
	atomic_store(&least_level, (int)least);
	atomic_store(&line_format, (int)format);
}

bool log_wants(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_access_setup(bool on)
{
	atomic_store(&access_on, on);
}

bool log_access_wanted(void)
{
	return atomic_load_explicit(&access_on, memory_order_relaxed);
}

/* Room is kept for the longest escape, a closing brace and the newline. */
static void put(struct line *l, const char *s, size_t n)
{
	if (l->n + n > LINE_MAX_BYTES - 16)
		n = LINE_MAX_BYTES - 16 > l->n ? LINE_MAX_BYTES - 16 - l->n : 0;
	memcpy(l->p + l->n, s, n);
	l->n += n;
}

static void puts_line(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_escaped(struct line *l, const char *s)
{
	size_t start = l->n;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char esc[8];

		if (l->n - start > VALUE_MAX_BYTES) {
			puts_line(l, "...");
			return;
		}
		if (c == '"' || c == '\\')
			put(l, (char[]){ '\\', (char)c }, 2);
		else if (c < 0x20 || c >= 0x7f)
			put(l, esc, (size_t)snprintf(esc, sizeof(esc), "\\u%04x", c));
		else
			put(l, s, 1);
	}
}

static bool is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	if (strlen(s) > VALUE_MAX_BYTES)
		return false;
	for (; *s; s++)
		if (*s <= 0x20 || *s >= 0x7f || *s == '"' || *s == '=' || *s == '\\')
			return false;
	return true;
}

static void put_time(struct line *l)
{
	int64_t ms = clock_wall_ms();
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	gmtime_r(&s, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		 tm.tm_sec, (int)(ms % 1000));
	puts_line(l, text);
}

static void put_field(struct line *l, const struct log_field *f, bool json)
{
	char num[32];

	puts_line(l, json ? ",\"" : " ");
	puts_line(l, f->key);
	puts_line(l, json ? "\":" : "=");
	if (f->str == NULL) {
		snprintf(num, sizeof(num), "%lld", (long long)f->num);
		puts_line(l, num);
	} else if (json || !is_plain(f->str)) {
		put(l, "\"", 1);
		put_escaped(l, f->str);
		put(l, "\"", 1);
	} else {
		puts_line(l, f->str);
	}
}

static void write_line(int fd, const char *level, const char *event,
		       const struct log_field *fields)
{
	bool json = atomic_load(&line_format) == LOG_JSON;
	struct line l;

	l.n = 0;
	if (json) {
		puts_line(&l, "{\"time\":\"");
		put_time(&l);
		puts_line(&l, "\",\"level\":\"");
		puts_line(&l, level);
		puts_line(&l, "\",\"event\":\"");
		puts_line(&l, event);
		puts_line(&l, "\"");
	} else {
		put_time(&l);
		puts_line(&l, " ");
		puts_line(&l, level);
		puts_line(&l, " ");
		puts_line(&l, event);
	}
	for (; fields->key != NULL; fields++)
		put_field(&l, fields, json);
	if (json)
		l.p[l.n++] = '}';
	l.p[l.n++] = '\n';
	if (write(fd, l.p, l.n) < 0)
		return; /* nowhere left to say it */
}

void log_fields(enum log_level level, const char *event, const struct log_field *fields)
{
	static const char *const words[] = { "debug", "info", "warn", "error" };

	if (log_wants(level))
		write_line(STDERR_FILENO, words[level], event, fields);
}

void log_access(const struct log_field *fields)
{
	if (log_access_wanted())
		write_line(STDOUT_FILENO, "info", "http.request", fields);
}
