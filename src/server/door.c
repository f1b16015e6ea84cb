/*
 * door.c - the thread that accepts.
 *
 * It sleeps in poll(2) on the socket and on an eventfd that says stop. Owned by one
 * thread each: fd by the door's, the rest does not change.
 */
#include "server/door.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define FULL_MS 20   /* between looks whether a client has left */
#define SHORT_MS 200 /* between attempts without descriptors or memory */

struct door {
	pthread_t thread;
	int fd, stop;
	unsigned limit;
	struct MHD_Daemon *daemon;
};

/* The rest of the system is not to be asked all the time for what it does not have.
 * False: stop. */
static bool rest(const struct door *d, int ms)
{
	struct pollfd p = { .fd = d->stop, .events = POLLIN };

	return poll(&p, 1, ms) == 0;
}

/* libmicrohttpd would refuse who is too many; here they wait in the socket's queue, as
 * they do elsewhere. It counts whom its threads have seen: a crowd that comes at one
 * moment may be some over the limit. */
static bool is_full(const struct door *d)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info != NULL && info->num_connections >= d->limit;
}

/* False: nobody will come any more. */
static bool take_one(const struct door *d)
{
	struct sockaddr_storage from = { 0 };
	socklen_t n = sizeof(from);
	int fd = accept4(d->fd, (struct sockaddr *)&from, &n,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) { /* closed by libmicrohttpd, whatever it says */
		MHD_add_connection(d->daemon, fd, (struct sockaddr *)&from, n);
		return true;
	}
	switch (errno) {
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
		log_event(LOG_ERROR, "serve.socket_lost", LS("error", strerror(errno)),
			  LS("what", "the socket that was passed takes no connections "
				     "any more"));
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_event(LOG_WARN, "serve.cannot_accept", LS("error", strerror(errno)));
		return rest(d, SHORT_MS);
	default: /* it was gone again, or somebody else's */
		return true;
	}
}

static void *accept_all(void *arg)
{
	struct door *d = arg;
	struct pollfd p[] = { { .fd = d->stop, .events = POLLIN },
			      { .fd = d->fd, .events = POLLIN } };
	bool open = true;

	while (open) {
		if (poll(p, ARRAY_LEN(p), -1) < 0)
			continue;
		if (p[0].revents != 0)
			open = false;
		else
			open = is_full(d) ? rest(d, FULL_MS) : take_one(d);
	}
	close(d->fd);
	return NULL;
}

int door_open(int fd, unsigned limit, struct MHD_Daemon *daemon, struct door **out,
	      struct err *e)
{
	struct door *d = mem_alloc(sizeof(*d));

	*d = (struct door){ .fd = fd, .limit = limit, .daemon = daemon };
	d->stop = eventfd(0, EFD_CLOEXEC);
	if (d->stop >= 0) {
		errno = pthread_create(&d->thread, NULL, accept_all, d);
		if (errno == 0) {
			*out = d;
			return 0;
		}
	}
	err_errno(e, "cannot start to accept connections");
	mem_closep(&d->stop);
	close(fd);
	free(d);
	return -1;
}

void door_close(struct door *d)
{
	if (d == NULL)
		return;
	eventfd_write(d->stop, 1);
	pthread_join(d->thread, NULL);
	close(d->stop);
	free(d);
}
