/*
 * systemd.c - LISTEN_PID, LISTEN_FDS and NOTIFY_SOCKET.
 *
 * State: where to notify, set once at the start.
 */
#include "app/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define FIRST_FD 3   /* SD_LISTEN_FDS_START */
#define MAX_FDS 1024 /* no manager passes more */

static struct sockaddr_un notify_to; /* sun_family 0: nowhere */
static socklen_t notify_len;

/* The number in a variable, which is taken away; -1: there is none. */
static long take_number(const char *name)
{
	const char *text = getenv(name);
	long n = -1;
	char *end;

	if (text != NULL && *text >= '0' && *text <= '9') {
		errno = 0;
		n = strtol(text, &end, 10);
		if (errno != 0 || *end != '\0')
			n = -1;
	}
	unsetenv(name);
	return n;
}

/* A path, or with @ in place of the first NUL a name in the abstract name space. */
static void take_notify_socket(void)
{
	const char *text = getenv("NOTIFY_SOCKET");
	size_t n = text != NULL ? strlen(text) : 0;

	if (n >= 2 && n < sizeof(notify_to.sun_path) &&
	    (text[0] == '/' || text[0] == '@')) {
		notify_to.sun_family = AF_UNIX;
		memcpy(notify_to.sun_path, text, n);
		if (text[0] == '@')
			notify_to.sun_path[0] = '\0';
		notify_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	} else if (text != NULL) {
		log_event(LOG_WARN, "systemd.cannot_notify", LS("socket", text),
			  LS("what", "NOTIFY_SOCKET is no path and no @name of a Unix "
				     "socket"));
	}
	unsetenv("NOTIFY_SOCKET");
}

int systemd_begin(int *fd, struct err *e)
{
	long pid = take_number("LISTEN_PID"), n = take_number("LISTEN_FDS");

	unsetenv("LISTEN_FDNAMES");
	take_notify_socket();
	*fd = 0;
	if (pid != getpid() || n <= 0)
		return 0; /* for nobody, or for a parent of ours that passed them by */
	if (n > MAX_FDS)
		n = MAX_FDS;
	for (int i = FIRST_FD; i < FIRST_FD + n; i++)
		fcntl(i, F_SETFD, FD_CLOEXEC);
	if (n > 1)
		return err_set(e, ERR_INVALID,
			       "%ld sockets were passed (LISTEN_FDS), and larder serves "
			       "one: keep one ListenStream= in the .socket unit; "
			       "[::]:PORT takes IPv4 and IPv6",
			       n);
	*fd = FIRST_FD;
	return 0;
}

static void notify(const char *words)
{
	int fd;

	if (notify_to.sun_family == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, words, strlen(words), MSG_NOSIGNAL,
			     (struct sockaddr *)&notify_to, notify_len) < 0)
		log_event(LOG_WARN, "systemd.cannot_notify", LS("error", strerror(errno)),
			  LS("what", words));
	mem_closep(&fd);
}

void systemd_ready(void)
{
	notify("READY=1\nSTATUS=serving");
}

/* With the time, so that a manager of version 253 knows which reload it is about. */
void systemd_reloading(void)
{
	struct timespec t;
	char words[96];

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(words, sizeof(words),
		 "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the settings again",
		 (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	notify(words);
}

void systemd_stopping(void)
{
	notify("STOPPING=1\nSTATUS=finishing what is under way");
}
