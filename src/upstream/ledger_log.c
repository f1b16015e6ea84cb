/*
 * ledger_log.c - levels, each a step nearer to the end; a step back is only made when the
 * numbers are well over it, so that a quota that hovers there says it once.
 */
#include "upstream/ledger_log.h"

#include "base/log.h"
#include "codec/httpdate.h"
#include "upstream/ledger_keep.h"

enum { FINE, QUARTER, TENTH, USED_UP };

/* margin: percent of the limit on top. */
static int level_of(const struct ledger *l, int margin)
{
	int64_t left = l->q.remaining * 100;

	if (l->used_up)
		return USED_UP;
	if (!l->q.known || l->q.limit <= 0 || l->q.remaining < 0)
		return FINE;
	if (left <= l->q.limit * (10 + margin))
		return TENTH;
	return left <= l->q.limit * (25 + margin) ? QUARTER : FINE;
}

void ledger_log_look(struct ledger *l, struct ledger_log *out)
{
	int level = level_of(l, 0);

	if (level < l->level)
		level = level_of(l, 5);
	if (level == l->level)
		return;
	if (level > l->level)
		out->event = level == USED_UP ? "quota.used_up" : "quota.low";
	else if (l->level == USED_UP)
		out->event = "quota.back";
	l->level = level;
	ledger_keep_show(l, &out->q);
	/* Those under way are what made it less, and not the others'. */
	out->q.spent += l->in_flight;
	out->q.others -= out->q.others < l->in_flight ? out->q.others : l->in_flight;
}

void ledger_log_say(const char *host, const struct ledger_log *log)
{
	const struct upstream_quota *q = &log->q;
	bool back = log->event != NULL && log->event[6] == 'b';
	char when[24] = "-";

	if (log->event == NULL)
		return;
	if (q->back_wall_ms > 0)
		httpdate_format_iso(q->back_wall_ms / 1000, when);
	log_event(back ? LOG_INFO : LOG_WARN, log->event, LS("upstream", host),
		  LS("account", q->account), LS("source", q->source),
		  LU("limit", q->known ? q->limit : -1),
		  LU("remaining", q->known ? q->remaining : -1),
		  LU("window_s", q->window_s), LU("spent", q->spent),
		  LU("others", q->others), LS("back", when));
}
