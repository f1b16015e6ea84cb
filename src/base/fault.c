/*
 * fault.c - the table of planned faults, read once from LARDER_FAULTS.
 */
#include "base/fault.h"

#ifdef LARDER_FAULTS_BUILT

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FAULTS 16
#define KILL (-1)
#define PAUSE (-2)
#define HOLD (-3)

static struct planned {
	char name[40];
	unsigned long at;
	bool onwards;
	int errnum; /* or KILL, PAUSE, HOLD */
	atomic_ulong calls;
} plan[MAX_FAULTS];
static size_t planned;
static int calls_fd = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int errno_of(const char *word)
{
	static const struct {
		const char *word;
		int errnum;
	} known[] = { { "kill", KILL },	    { "pause", PAUSE },	  { "hold", HOLD },
		      { "EIO", EIO },	    { "ENOSPC", ENOSPC }, { "EACCES", EACCES },
		      { "EMFILE", EMFILE }, { "EDQUOT", EDQUOT } };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].word, word) == 0)
			return known[i].errnum;
	fprintf(stderr, "LARDER_FAULTS: unknown fault '%s'\n", word);
	abort();
}

static void read_plan(void)
{
	const char *env = getenv("LARDER_FAULTS"),
		   *log = getenv("LARDER_TEST_FAULT_CALLS");
	char *copy, *save, *one;

	if (log != NULL)
		calls_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (env == NULL)
		return;
	copy = strdup(env);
	for (one = strtok_r(copy, ",", &save); one && planned < MAX_FAULTS;
	     one = strtok_r(NULL, ",", &save)) {
		struct planned *p = &plan[planned];
		char word[16], plus[2] = "";

		if (sscanf(one, "%39[^:]:%lu%1[+]=%15s", p->name, &p->at, plus, word) !=
			    4 &&
		    sscanf(one, "%39[^:]:%lu=%15s", p->name, &p->at, word) != 3) {
			fprintf(stderr, "LARDER_FAULTS: cannot read '%s'\n", one);
			abort();
		}
		p->onwards = plus[0] == '+';
		p->errnum = errno_of(word);
		planned++;
	}
	free(copy);
}

static void note_call(const char *name)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s\n", name);

	if (write(calls_fd, line, (size_t)n) != n)
		abort();
}

/* Until somebody opens the other end. */
static void hold(void)
{
	const char *fifo = getenv("LARDER_TEST_FAULT_HOLD");
	int fd = fifo != NULL ? open(fifo, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	close(fd);
}

int fault(const char *name)
{
	size_t i;

	pthread_once(&once, read_plan);
	if (calls_fd >= 0)
		note_call(name);
	for (i = 0; i < planned; i++) {
		unsigned long call;

		if (strcmp(plan[i].name, name) != 0)
			continue;
		call = atomic_fetch_add(&plan[i].calls, 1) + 1;
		if (call != plan[i].at && !(plan[i].onwards && call > plan[i].at))
			continue;
		if (plan[i].errnum == KILL)
			kill(getpid(), SIGKILL);
		if (plan[i].errnum == PAUSE) {
			usleep((useconds_t)(call * 7919 % 60000)); /* all differ */
			return 0;
		}
		if (plan[i].errnum == HOLD) {
			hold();
			return 0;
		}
		errno = plan[i].errnum;
		return plan[i].errnum;
	}
	return 0;
}

#else
typedef int fault_is_not_built; /* ISO C wants something in every file */
#endif
