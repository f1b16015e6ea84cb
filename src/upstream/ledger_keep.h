/*
 * ledger_keep.h - a ledger as others see it, and as it is kept across restarts; with the
 * gate's lock held.
 */
#ifndef LARDER_UPSTREAM_LEDGER_KEEP_H
#define LARDER_UPSTREAM_LEDGER_KEEP_H

#include "upstream/ledger.h"
#include "upstream/ledger_log.h"

/* False: there is nothing to show; *out is right all the same. */
bool ledger_keep_show(struct ledger *l, struct upstream_quota *out);
/* As upstream_quota_news has it. */
bool ledger_keep_news(struct ledger *l, struct upstream_news *out);
/* As upstream_quota_restore has it, and what is to be said of it; false: it is another
   account's. */
bool ledger_keep_restore(struct ledger *l, const struct upstream_quota *q,
			 const struct upstream_spent *s, size_t n,
			 struct ledger_log *log);

#endif
