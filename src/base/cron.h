/*
 * cron.h - times that come again, in the words of crontab(5).
 *
 *	minute hour day-of-month month day-of-week      "30 4 * * 1-5"
 *	@hourly @daily @midnight @weekly @monthly @yearly @annually
 *
 * Each field is "*", a number, a range, or a list of those, with a step after "/" where
 * it is "*" or a range; months and days of the week may have their English names of three
 * letters; Sunday is 0 or 7. Where both days are restricted, either will do, as there.
 */
#ifndef LARDER_BASE_CRON_H
#define LARDER_BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct cron {
	uint64_t minutes; /* bit n: minute n */
	uint32_t hours, days, months, weekdays;
	bool any_day, any_weekday; /* the field began with "*" */
};

/* ERR_INVALID names the field. */
int cron_parse(struct view text, struct cron *out, struct err *e);
/* The first such time after a time of the wall clock, in ms since 1970, in the machine's
 * time zone. What a change of clocks leaves out does not come. -1: none in the
 * next five years ("0 0 31 2 *"). Any thread. */
int64_t cron_next(const struct cron *c, int64_t after_ms);

#endif
