/* Listening: who reaches it, and what is said when it cannot be. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/listen.h"

/* Can a client of this machine connect? */
static bool reached(int family, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	assert_true(fd >= 0);
	rc = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
			       : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	close(fd);
	return rc == 0;
}

static bool has_ipv6(void)
{
	uint16_t port = 0;
	struct err e;
	int fd = listen_open("::1", &port, &e);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void one_address(void **state)
{
	uint16_t port = 0;
	struct err e;
	int fd = listen_open("127.0.0.1", &port, &e);

	assert_true(fd >= 0);
	assert_int_not_equal(port, 0);
	assert_true(reached(AF_INET, port));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	fd = listen_open("127.0.0.1", &port, &e); /* at once again */
	assert_true(fd >= 0);
	close(fd);
}

static void all_addresses(void **state)
{
	uint16_t port = 0;
	struct err e;
	int fd = listen_open(NULL, &port, &e);

	assert_true(fd >= 0);
	assert_int_not_equal(port, 0);
	assert_true(reached(AF_INET, port));
	if (has_ipv6())
		assert_true(reached(AF_INET6, port));
	close(fd);
}

/* Stopped, it is refused and its port is free, though the descriptor is open. */
static void stopped(void **state)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	struct err e;
	int fd = listen_open("127.0.0.1", &port, &e), again;

	assert_true(fd >= 0 && set >= 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), 0);
	assert_int_equal(listen_stop(fd, &e), 0);
	assert_false(reached(AF_INET, port));
	assert_int_equal(epoll_wait(set, &ev, 1, 0), 0);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	again = listen_open("127.0.0.1", &port, &e);
	assert_true(again >= 0);
	/* as new: it may be polled again, and has nothing to say */
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), 0);
	assert_int_equal(epoll_wait(set, &ev, 1, 0), 0);
	close(again);
	close(set);
	close(fd);
	assert_int_equal(listen_stop(-1, &e), -1);
}

/* From elsewhere: only what listens for TCP, and not inherited further. */
static void adopted(void **state)
{
	uint16_t port = 0, same = 0;
	struct err e = { 0 };
	int fd = listen_open("127.0.0.1", &port, &e), other;

	assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(listen_adopt(fd, &same, &e), 0);
	assert_int_equal(same, port);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	assert_err(listen_adopt(fd, &same, &e), e, ERR_INVALID);
	other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_err(listen_adopt(other, &same, &e), e, ERR_INVALID);
	close(other);
	other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_err(listen_adopt(other, &same, &e), e, ERR_INVALID);
	close(other);
	other = listen_nowhere(&e);
	assert_true(other >= 0);
	assert_int_equal(accept(other, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_err(listen_adopt(other, &same, &e), e, ERR_INVALID);
	close(other);
	assert_int_equal(same, port); /* untouched */
}

static void only_ipv6(void **state)
{
	uint16_t port = 0;
	struct err e;
	int fd;

	if (!has_ipv6())
		skip();
	fd = listen_open("::1", &port, &e);
	assert_true(reached(AF_INET6, port));
	assert_false(reached(AF_INET, port));
	close(fd);
}

static void in_use(void **state)
{
	uint16_t port = 0, again;
	struct err e = { 0 };
	int fd = listen_open("127.0.0.1", &port, &e);
	char text[8];

	assert_true(fd >= 0);
	again = port;
	snprintf(text, sizeof(text), "%u", port);
	assert_int_equal(listen_open("127.0.0.1", &again, &e), -1);
	assert_non_null(strstr(e.msg, text));
	assert_err(-1, e, ERR_BUSY);
	assert_int_equal(listen_open(NULL, &again, &e), -1);
	assert_err(-1, e, ERR_BUSY);
	assert_int_equal(again, port); /* untouched */
	close(fd);
}

static void no_address_of_this_machine(void **state)
{
	uint16_t port = 0;
	struct err e = { 0 };

	assert_err(listen_open("192.0.2.1", &port, &e), e, ERR_INVALID);
	assert_err(listen_open("", &port, &e), e, ERR_INVALID);
	assert_err(listen_open("1:2:3", &port, &e), e, ERR_INVALID);
	assert_int_equal(port, 0);
}

static void privileges(void **state)
{
	uint16_t port = 1;
	struct err e = { 0 };
	int fd = listen_open("127.0.0.1", &port, &e);

	if (fd >= 0) { /* root, or a machine where everybody may */
		close(fd);
		skip();
	}
	assert_true(e.kind == ERR_DENIED || e.kind == ERR_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address),
		cmocka_unit_test(all_addresses),
		cmocka_unit_test(stopped),
		cmocka_unit_test(adopted),
		cmocka_unit_test(only_ipv6),
		cmocka_unit_test(in_use),
		cmocka_unit_test(privileges),
		cmocka_unit_test(no_address_of_this_machine),
	};

	return cmocka_run_group_tests_name("server/listen", tests, NULL, NULL);
}
