/*
 * log.h - one line per event, to standard error, as text or JSON.
 *
 *	log_event(LOG_WARN, "flight.retry", LS("digest", d), LU("landed_bytes", n));
 *
 * The event name is "<part>.<what happened>" in lower case and does not vary; what varies
 *is in fields. Secrets are never given to it. A line is written in one write(2), so that
 *lines of several threads and processes do not mix; values are cut at 560 bytes, and a
 *line has at most 16 fields. Any thread.
 */
#ifndef LARDER_BASE_LOG_H
#define LARDER_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
	const char *key; /* NULL ends the list */
	const char *str; /* NULL: the number counts */
	int64_t num;
};

#define LS(k, v) log_str((k), (v))
#define LU(k, v) ((struct log_field){ (k), 0, (int64_t)(v) })

static inline struct log_field log_str(const char *key, const char *value)
{
	return (struct log_field){ key, value ? value : "", 0 };
}

#define log_event(level, event, ...)                                                     \
	log_fields(level, event,                                                         \
		   (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })

void log_setup(enum log_level least, enum log_format format); /* also while running */
bool log_wants(enum log_level level);
void log_fields(enum log_level level, const char *event, const struct log_field *fields);
/* The access log: same lines, to standard output, event "http.request", unless switched
 * off. */
void log_access_setup(bool on);
bool log_access_wanted(void);
void log_access(const struct log_field *fields);

#endif
