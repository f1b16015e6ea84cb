/* Who listens on a port: this test does. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor/port.h"

static int listen_somewhere(int family, uint16_t *port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = family == AF_INET ? sizeof(v4) : sizeof(v6);
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4
						: (struct sockaddr *)&v6;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, at, n) != 0 || listen(fd, 1) != 0)
		return -1;
	assert_int_equal(getsockname(fd, at, &n), 0);
	*port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

static void by_this_process(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct port_holder h;
	uint16_t port = 0;

	for (size_t i = 0; i < 2; i++) {
		int fd = listen_somewhere(families[i], &port);

		if (fd < 0)
			continue; /* a machine without IPv6 */
		port_find(port, &h);
		assert_true(h.taken);
		assert_int_equal(h.pid, getpid());
		assert_true(strlen(h.name) > 0);
		close(fd);
		port_find(port, &h);
		assert_false(h.taken);
		assert_int_equal(h.pid, 0);
	}
}

static void a_connection_is_no_listener(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct port_holder h;
	uint16_t port = 0;
	int server = listen_somewhere(AF_INET, &port), client, peer;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(port);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	peer = accept(server, NULL, NULL);
	close(server);
	port_find(port, &h);
	assert_false(h.taken);
	close(peer);
	close(client);
}

static void trying(void **state)
{
	struct err e = { 0 };
	uint16_t port = 0;
	int fd = listen_somewhere(AF_INET, &port);

	assert_int_equal(port_try("127.0.0.1", port, &e), -1);
	assert_int_equal(e.errnum, EADDRINUSE);
	close(fd);
	assert_int_equal(port_try("127.0.0.1", port, &e), 0);
	assert_int_equal(port_try("192.0.2.1", port, &e), -1);
	assert_int_equal(e.errnum, EADDRNOTAVAIL);
	assert_err(port_try("no such name", port, &e), e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_this_process),
		cmocka_unit_test(a_connection_is_no_listener),
		cmocka_unit_test(trying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
