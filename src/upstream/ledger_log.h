/*
 * ledger_log.h - what the log says of a quota: once when a quarter of it is left, once
 * when a tenth is, when it is used up, and when it is back.
 */
#ifndef LARDER_UPSTREAM_LEDGER_LOG_H
#define LARDER_UPSTREAM_LEDGER_LOG_H

#include "upstream/ledger.h"

/* What is to be said once the lock is given up; zeroed: nothing. */
struct ledger_log {
	const char *event; /* NULL: nothing */
	struct upstream_quota q;
};

/* With the lock held. Has something changed that is to be said? */
void ledger_log_look(struct ledger *l, struct ledger_log *out);
/* Without the lock. */
void ledger_log_say(const char *host, const struct ledger_log *log);

#endif
