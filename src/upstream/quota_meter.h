/*
 * quota_meter.h - the pull quotas of accounts as gauges. Any thread.
 */
#ifndef LARDER_UPSTREAM_QUOTA_METER_H
#define LARDER_UPSTREAM_QUOTA_METER_H

#include "upstream/quota.h"

/* Pulls age out by themselves: so before gauges are shown, not only when one is made. */
void quota_meter_all(struct upstream *u);
void quota_meter_set(const char *upstream, const struct upstream_quota *q);
/* Accounts may be gone: none is shown before it is set again. */
void quota_meter_clear(void);

#endif
