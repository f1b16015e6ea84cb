/*
 * asof.c - the date at the beginning of a name. No state.
 */
#include "oci/asof.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "codec/httpdate.h"

#define PREFIX "asof-"
#define DAY_MS (24LL * 3600 * 1000)
#define HOW                                                                              \
	"a date is YYYY-MM-DD (the end of that day) or YYYY-MM-DDtHHMMz, both UTC, as "  \
	"in asof-2026-11-01/library/python and asof-2026-11-01t1230z/library/python"

bool asof_is(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       isdigit((unsigned char)name[strlen(PREFIX)]);
}

/* d: a digit; all else is itself. */
static bool has_form(struct view text, const char *form)
{
	size_t i;

	if (text.n != strlen(form))
		return false;
	for (i = 0; i < text.n; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)text.p[i])
				   : text.p[i] != form[i])
			return false;
	return true;
}

/* Which there may not be: 31 February. */
static bool read_date(struct view text, bool *is_day, int64_t *ms)
{
	char full[32];
	int64_t s;

	*is_day = has_form(text, "dddd-dd-dd");
	if (*is_day)
		snprintf(full, sizeof(full), "%.10sT23:59:59Z", text.p);
	else if (has_form(text, "dddd-dd-ddtddddz"))
		snprintf(full, sizeof(full), "%.10sT%.2s:%.2s:00Z", text.p, text.p + 11,
			 text.p + 13);
	else
		return false;
	if (!httpdate_parse(view_of(full), &s))
		return false;
	*ms = s * 1000 + (*is_day ? 999 : 0);
	return true;
}

static int not_past(struct view text, bool is_day, int64_t ms, int64_t now_ms,
		    struct err *e)
{
	char now[24];

	httpdate_format_iso(now_ms / 1000, now);
	if (is_day && ms - now_ms < DAY_MS)
		return err_set(e, ERR_INVALID,
			       "the day %.*s is not over in UTC, where it is %s, and "
			       "tags may still move in it; an earlier day will do, or "
			       "%.10st%.2s%.2sz for this minute",
			       (int)text.n, text.p, now, now, now + 11, now + 14);
	return err_set(e, ERR_INVALID, "%.*s is in the future: in UTC it is %s",
		       (int)text.n, text.p, now);
}

/* text is no longer than a name. */
static int past_date(struct view text, int64_t now_ms, int64_t *ms, struct err *e)
{
	bool is_day;
	int64_t at;

	if (!read_date(text, &is_day, &at))
		return err_set(e, ERR_INVALID, "\"%.*s\" is no date: " HOW,
			       text.n < 60 ? (int)text.n : 60, text.p);
	if (at > now_ms)
		return not_past(text, is_day, at, now_ms, e);
	*ms = at;
	return 0;
}

int asof_split(const struct reponame *name, int64_t now_ms, struct reponame *rest,
	       int64_t *ms, struct err *e)
{
	const char *date = name->s + strlen(PREFIX), *slash = strchr(date, '/');
	struct reponame after;
	int64_t at;

	if (slash == NULL)
		return err_set(e, ERR_INVALID,
			       "%.80s is no image: after the date and a slash follows "
			       "the image's name, as in asof-2026-11-01/library/python",
			       name->s);
	if (past_date((struct view){ date, (size_t)(slash - date) }, now_ms, &at, e) !=
		    0 ||
	    reponame_parse(view_of(slash + 1), &after, e) != 0)
		return -1;
	if (asof_is(after.s))
		return err_set(e, ERR_INVALID, "%.120s has two dates; one is enough",
			       name->s);
	*rest = after;
	*ms = at;
	return 0;
}

int asof_date(struct view text, int64_t now_ms, int64_t *ms, struct err *e)
{
	int64_t s;

	if (text.n < 11 || text.p[10] != 'T' || !httpdate_parse(text, &s))
		return past_date(text, now_ms, ms, e);
	if (s > now_ms / 1000)
		return not_past(text, false, s * 1000, now_ms, e);
	*ms = s * 1000;
	return 0;
}
