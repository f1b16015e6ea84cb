/*
 * balance.h - what the numbers of a ledger come to now; for ledger.h, with the gate's
 * lock held.
 *
 * Every wall time that was stored is held against the present one before it counts, so
 * that a clock that was set back makes nothing wait longer than its longest.
 */
#ifndef LARDER_UPSTREAM_BALANCE_H
#define LARDER_UPSTREAM_BALANCE_H

#include "upstream/ledger.h"

int64_t balance_least(int64_t a, int64_t b);
int64_t balance_window_ms(const struct ledger *l);
/* From look to look while it is used up. */
int64_t balance_interval_ms(const struct ledger *l);
/* Do the numbers say how many pulls are left now? A limit of none is no number. */
bool balance_counts(const struct ledger *l, int64_t now);
/* When the first pull is there again: later than now. */
int64_t balance_back_ms(struct ledger *l, int64_t now);
/* Is it time to look? */
bool balance_is_due(struct ledger *l, int64_t now);
/* Used up, or still used up: the next look is an interval away. */
void balance_set_used_up(struct ledger *l, int64_t now);
void balance_clear_used_up(struct ledger *l);

#endif
