/*
 * lowly.c - what a kernel refuses is left as it is.
 */
#include "base/lowly.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_AFTER 10
#define NICE_IDLE 19

/* ioprio_set(2) has no wrapper: this thread, class "idle". */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

void lowly_after(void)
{
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_AFTER);
}

void lowly_idle(void)
{
	const struct sched_param none = { .sched_priority = 0 };

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_IDLE);
	sched_setscheduler(0, SCHED_IDLE, &none); /* of this thread, whatever the name */
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}
