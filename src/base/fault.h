/*
 * fault.h - named places where tests make an operation fail or the process die.
 *
 * Built in only with -Dfaults=true; otherwise fault() is 0 and costs nothing.
 * LARDER_FAULTS="store.fsync:3=EIO,store.link:1=kill": the 3rd call of
 * fault("store.fsync") returns EIO, the first of "store.link" kills the process with
 * SIGKILL, and with =pause it waits some milliseconds before it goes on; with =hold until
 * somebody opens the FIFO that LARDER_TEST_FAULT_HOLD names, for writing.  ":3+" means
 * the 3rd and every later one.  LARDER_TEST_FAULT_CALLS names a file to which each call's
 * name is added, a line each: what there is to plan for.  Any thread.
 */
#ifndef LARDER_BASE_FAULT_H
#define LARDER_BASE_FAULT_H

#ifdef LARDER_FAULTS_BUILT
int fault(const char *name); /* 0, or the errno that the operation is to fail with */
#else
static inline int fault(const char *name)
{
	(void)name;
	return 0;
}
#endif

#endif
