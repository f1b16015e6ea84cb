/*
 * listen.c - resolving and binding the address to serve on.
 */
#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 1024

static int why(struct err *e, const char *host, uint16_t port)
{
	const char *shown = host ? host : "*";

	switch (errno) {
	case EADDRINUSE:
		return err_set(
			e, ERR_BUSY,
			"%s:%u is in use by another process; stop that one (`ss -ltnp "
			"sport = :%u` names it) or choose another address with --addr",
			shown, port, port);
	case EADDRNOTAVAIL:
		return err_set(e, ERR_INVALID, "%s is not an address of this machine",
			       shown);
	default:
		return err_errno(e, "cannot listen on %s:%u", shown, port);
	}
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

static int try_one(const struct addrinfo *ai, bool both)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, only = !both, saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int listen_open(const char *host, uint16_t *port, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_family = host ? AF_UNSPEC : AF_INET6 };
	struct addrinfo *found, *ai;
	char service[8];
	int rc, fd = -1;

	snprintf(service, sizeof(service), "%u", *port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0)
		return err_set(e, ERR_INVALID,
			       "cannot find the address %s to listen on: %s",
			       host ? host : "*", gai_strerror(rc));
	for (ai = found; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = try_one(ai, host == NULL);
	freeaddrinfo(found);
	if (fd < 0 && host == NULL && errno == EAFNOSUPPORT) {
		struct sockaddr_in any = { .sin_family = AF_INET,
					   .sin_port = htons(*port) };
		struct addrinfo v4 = { .ai_family = AF_INET,
				       .ai_addr = (struct sockaddr *)&any,
				       .ai_addrlen = sizeof(any) };

		fd = try_one(&v4, false);
	}
	if (fd < 0)
		return why(e, host, *port);
	*port = port_of(fd);
	return fd;
}

int listen_adopt(int fd, uint16_t *port, struct err *e)
{
	int type = 0, listens = 0, domain = 0, flags;
	socklen_t n = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
		return err_set(e, ERR_INVALID, "descriptor %d is no socket", fd);
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	if (type != SOCK_STREAM || (domain != AF_INET && domain != AF_INET6))
		return err_set(e, ERR_INVALID, "descriptor %d is no TCP socket", fd);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n);
	if (!listens)
		return err_set(e, ERR_INVALID,
			       "descriptor %d is a socket that does not listen", fd);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return err_errno(e, "cannot use the socket of descriptor %d", fd);
	*port = port_of(fd);
	return 0;
}

/* A Unix socket with a name of the kernel's choice: such a one has no events. */
int listen_nowhere(struct err *e)
{
	struct sockaddr_un none = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&none, sizeof(none.sun_family)) == 0 &&
	    listen(fd, 0) == 0)
		return fd;
	err_errno(e, "cannot make a socket");
	mem_closep(&fd);
	return -1;
}

/*
 * What the descriptor stands for is exchanged in one step. The last reference to the
 * listening socket goes with it, and the kernel takes it out of every epoll set by
 * itself: nobody else has to, so nobody can be too late.
 */
int listen_stop(int fd, struct err *e)
{
	int dead = listen_nowhere(e), rc = 0;

	if (dead < 0)
		return err_add(e, "cannot stop listening");
	if (dup3(dead, fd, O_CLOEXEC) < 0)
		rc = err_errno(e, "cannot stop listening");
	close(dead);
	return rc;
}
