/*
 * alarm.h - calls that happen at a given time, on one thread of their own.
 *
 * For short calls only (ringing a bell, counting). At most ALARM_LIMIT are set at once.
 */
#ifndef LARDER_BASE_ALARM_H
#define LARDER_BASE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#define ALARM_LIMIT 65536

struct alarms;

struct alarms *alarms_new(void);
/* fn(arg) at at_ms (monotonic) or a little later, once. False: too many are set, and fn
 * will not be called. Any thread. */
bool alarms_set(struct alarms *a, int64_t at_ms, void (*fn)(void *arg), void *arg);
/* Those still set are called at once, then the thread ends and all is freed. */
void alarms_stop(struct alarms *a);

#endif
