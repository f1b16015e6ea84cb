/*
 * lowly.h - threads whose work waits for others'. For the calling thread and those that
 * it starts from then on; there is no way back.
 */
#ifndef LARDER_BASE_LOWLY_H
#define LARDER_BASE_LOWLY_H

/* Somebody may wait for it, but who pulls comes first: nice 10, SCHED_BATCH, and turns of
 * a tenth of a millisecond where the kernel has that (Linux 6.12), so that who wakes up
 * waits no longer for its end. On a busy machine it still gets a tenth of what others of
 * its kind get, where lowly_idle() would get next to nothing. */
void lowly_after(void);
/* Nobody waits for it: the processor and the disk only while nobody else wants them. A
 * low nice value alone is not enough: since Linux 6.6 a thread that wakes up may have to
 * wait for the turn of one that is nice, some milliseconds; one that is SCHED_IDLE makes
 * way at once (sched(7), ioprio_set(2)). */
void lowly_idle(void);

#endif
