/*
 * setup_running.c - looking through /proc.
 */
#include "app/setup_running.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"

#define COMMAND_MAX_BYTES (1u << 20)

struct wanted {
	const char *program, *option;
	int pid;
};

static int read_part(int dirfd, const char *pid, const char *part, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "%.20s/%s", pid, part);
	return fs_read(dirfd, path, out, NULL);
}

/* Arguments end with a NUL each. */
static bool has_option(const struct buf *command, const char *option)
{
	size_t at = 0, n = strlen(option);

	while (at < command->n) {
		const char *arg = command->p + at;

		if (strncmp(arg, option, n) == 0 && (arg[n] == '\0' || arg[n] == '='))
			return true;
		at += strlen(arg) + 1;
	}
	return false;
}

static int look(void *arg, int dirfd, const char *name, struct err *e)
{
	struct wanted *w = arg;
	CLEANUP(buf_done)
	struct buf comm = BUF_INIT(64), command = BUF_INIT(COMMAND_MAX_BYTES);

	if (name[0] < '1' || name[0] > '9' || read_part(dirfd, name, "comm", &comm) != 0)
		return 0;
	if (comm.n > 0 && comm.p[comm.n - 1] == '\n')
		comm.n--;
	if (!view_is(buf_view(&comm), w->program) ||
	    read_part(dirfd, name, "cmdline", &command) != 0 ||
	    !has_option(&command, w->option))
		return 0;
	w->pid = (int)strtol(name, NULL, 10);
	return 1;
}

int setup_running_with(const char *program, const char *option)
{
	struct wanted w = { program, option, 0 };

	fs_each(AT_FDCWD, "/proc", look, &w, NULL);
	return w.pid;
}
