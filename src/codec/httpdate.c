/*
 * httpdate.c - dates as HTTP and RFC 3339 write them.  Owns nothing; no locale, no time
 * zone.
 */
#include "codec/httpdate.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"

#define DAY_S (24 * 60 * 60)

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* These take what they name from the front of *v, or are false. */
static bool take_number(struct view *v, size_t digits, int *out)
{
	int n = 0;
	size_t i;

	if (v->n < digits)
		return false;
	for (i = 0; i < digits; i++) {
		if (v->p[i] < '0' || v->p[i] > '9')
			return false;
		n = n * 10 + (v->p[i] - '0');
	}
	v->p += digits;
	v->n -= digits;
	*out = n;
	return true;
}

static bool take_text(struct view *v, const char *text)
{
	size_t n = view_of(text).n;

	if (v->n < n || strncasecmp(v->p, text, n) != 0)
		return false;
	v->p += n;
	v->n -= n;
	return true;
}

static bool take_month(struct view *v, struct tm *tm)
{
	for (tm->tm_mon = 0; tm->tm_mon < 12; tm->tm_mon++)
		if (take_text(v, month_names[tm->tm_mon]))
			return true;
	return false;
}

static bool take_clock(struct view *v, struct tm *tm)
{
	return take_number(v, 2, &tm->tm_hour) && take_text(v, ":") &&
	       take_number(v, 2, &tm->tm_min) && take_text(v, ":") &&
	       take_number(v, 2, &tm->tm_sec);
}

static bool take_year(struct view *v, struct tm *tm)
{
	if (!take_number(v, 4, &tm->tm_year))
		return false;
	tm->tm_year -= 1900;
	return true;
}

/* Two digits: more than 50 years ahead means the past (RFC 9110 section 5.6.7). */
static bool take_short_year(struct view *v, struct tm *tm)
{
	time_t now_s = (time_t)(clock_wall_ms() / 1000);
	struct tm now;

	if (!take_number(v, 2, &tm->tm_year))
		return false;
	gmtime_r(&now_s, &now);
	tm->tm_year += now.tm_year / 100 * 100;
	if (tm->tm_year > now.tm_year + 50)
		tm->tm_year -= 100;
	return true;
}

static bool take_day_name(struct view *v, bool in_full)
{
	static const char *const rest[7] = { "day",   "day", "sday", "nesday",
					     "rsday", "day", "urday" };
	size_t i;

	for (i = 0; i < 7; i++)
		if (take_text(v, day_names[i]))
			return !in_full || take_text(v, rest[i]);
	return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(struct view v, struct tm *tm)
{
	return take_day_name(&v, false) && take_text(&v, ", ") &&
	       take_number(&v, 2, &tm->tm_mday) && take_text(&v, " ") &&
	       take_month(&v, tm) && take_text(&v, " ") && take_year(&v, tm) &&
	       take_text(&v, " ") && take_clock(&v, tm) && take_text(&v, " GMT") &&
	       v.n == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool read_rfc850(struct view v, struct tm *tm)
{
	return take_day_name(&v, true) && take_text(&v, ", ") &&
	       take_number(&v, 2, &tm->tm_mday) && take_text(&v, "-") &&
	       take_month(&v, tm) && take_text(&v, "-") && take_short_year(&v, tm) &&
	       take_text(&v, " ") && take_clock(&v, tm) && take_text(&v, " GMT") &&
	       v.n == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct view v, struct tm *tm)
{
	return take_day_name(&v, false) && take_text(&v, " ") && take_month(&v, tm) &&
	       take_text(&v, " ") &&
	       (take_text(&v, " ") ? take_number(&v, 1, &tm->tm_mday)
				   : take_number(&v, 2, &tm->tm_mday)) &&
	       take_text(&v, " ") && take_clock(&v, tm) && take_text(&v, " ") &&
	       take_year(&v, tm) && v.n == 0;
}

/* "Z" or "+01:30"; *offset_s is what to subtract. */
static bool take_zone(struct view *v, int *offset_s)
{
	int hours, minutes, sign = 1;

	*offset_s = 0;
	if (take_text(v, "Z"))
		return true;
	if (take_text(v, "-"))
		sign = -1;
	else if (!take_text(v, "+"))
		return false;
	if (!take_number(v, 2, &hours) || !take_text(v, ":") ||
	    !take_number(v, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* "1994-11-06T08:49:37.123Z"; fractions of a second are dropped. */
static bool read_rfc3339(struct view v, struct tm *tm, int *offset_s)
{
	int digit;

	if (!(take_year(&v, tm) && take_text(&v, "-") &&
	      take_number(&v, 2, &tm->tm_mon) && take_text(&v, "-") &&
	      take_number(&v, 2, &tm->tm_mday) &&
	      (take_text(&v, "T") || take_text(&v, " ")) && take_clock(&v, tm)))
		return false;
	tm->tm_mon--;
	if (take_text(&v, ".")) {
		if (!take_number(&v, 1, &digit))
			return false;
		while (take_number(&v, 1, &digit))
			;
	}
	return take_zone(&v, offset_s) && v.n == 0;
}

/* timegm would carry 31 February over into March. A leap second may be 60. */
static bool is_possible(const struct tm *tm)
{
	static const int days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y = tm->tm_year + 1900;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1 ||
	    tm->tm_mday > days[tm->tm_mon] ||
	    (tm->tm_mon == 1 && tm->tm_mday == 29 && !leap))
		return false;
	return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60;
}

bool httpdate_parse(struct view text, int64_t *seconds)
{
	struct tm tm = { 0 };
	int offset_s = 0;
	struct view v = view_trim(text);

	if (!read_fixdate(v, &tm) && !read_rfc850(v, &tm) && !read_asctime(v, &tm) &&
	    !read_rfc3339(v, &tm, &offset_s))
		return false;
	if (!is_possible(&tm))
		return false;
	*seconds = (int64_t)timegm(&tm) - offset_s;
	return true;
}

void httpdate_format(int64_t seconds, char out[40])
{
	time_t t = (time_t)seconds;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	snprintf(out, 40, "%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[tm.tm_wday],
		 tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
}

void httpdate_format_iso(int64_t seconds, char out[24])
{
	time_t t = (time_t)seconds;
	struct tm tm = { 0 };

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL && tm.tm_year >= -900 && tm.tm_year < 8100)
		strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

bool httpdate_retry_after(struct view text, int64_t now_s, int *seconds)
{
	struct view v = view_trim(text);
	int64_t s = 0;
	int digit;

	if (httpdate_parse(v, &s)) {
		s = s > now_s ? s - now_s : 0;
	} else {
		if (v.n == 0)
			return false;
		while (take_number(&v, 1, &digit))
			s = s > DAY_S ? s : s * 10 + digit;
		if (v.n > 0)
			return false;
	}
	*seconds = s > DAY_S ? DAY_S : (int)s;
	return true;
}
