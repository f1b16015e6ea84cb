/*
 * lowly.c - what a kernel refuses is left as it is.
 */
#include "base/lowly.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_AFTER 10
#define NICE_IDLE 19
#define TURN_NS 100000 /* the shortest there is */

/* ioprio_set(2) has no wrapper: this thread, class "idle". */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

/* sched_setattr(2) has no wrapper in older C libraries. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns; /* of these policies: the turn; before Linux 6.12 ignored */
	uint64_t deadline_ns, period_ns;
};

void lowly_after(void)
{
	struct attr attr = { .size = sizeof(attr),
			     .policy = SCHED_BATCH,
			     .nice = NICE_AFTER,
			     .runtime_ns = TURN_NS };
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	if (errno == 0 && nice > attr.nice)
		attr.nice = nice; /* who started it wants even less */
	if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0)
		setpriority(PRIO_PROCESS, (id_t)gettid(), attr.nice);
}

void lowly_idle(void)
{
	const struct sched_param none = { .sched_priority = 0 };

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_IDLE);
	sched_setscheduler(0, SCHED_IDLE, &none); /* of this thread, whatever the name */
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}
