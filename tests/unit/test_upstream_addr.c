/*
 * test_upstream_addr.c - which addresses are private.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/mem.h"
#include "upstream/addr.h"

static void private_ones(void **state)
{
	static const char *const ip[] = {
		"127.0.0.1",	   "10.1.2.3",	    "172.16.0.1",
		"172.31.255.255",  "192.168.0.1",   "169.254.169.254",
		"100.64.0.1",	   "0.0.0.0",	    "224.0.0.1",
		"255.255.255.255", "::1",	    "::",
		"fe80::1",	   "fec0::1",	    "fd00::1",
		"fc00::1",	   "ff02::1",	    "::ffff:10.0.0.1",
		"64:ff9b::7f00:1", "2002:a00:1::1", "not an address",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ip); i++)
		assert_true(addr_text_is_private(ip[i]));
}

static void public_ones(void **state)
{
	static const char *const ip[] = {
		"8.8.8.8",	   "172.15.0.1",     "172.32.0.1",
		"192.167.0.1",	   "100.63.0.1",     "100.128.0.1",
		"2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
		"2002:808:808::1",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ip); i++)
		assert_false(addr_text_is_private(ip[i]));
}

static void socket_addresses(void **state)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	inet_pton(AF_INET, "10.0.0.1", &in4.sin_addr);
	assert_true(addr_is_private((struct sockaddr *)&in4));
	inet_pton(AF_INET, "1.1.1.1", &in4.sin_addr);
	assert_false(addr_is_private((struct sockaddr *)&in4));
	inet_pton(AF_INET6, "::1", &in6.sin6_addr);
	assert_true(addr_is_private((struct sockaddr *)&in6));
	assert_true(addr_is_private((struct sockaddr *)&un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_ones),
		cmocka_unit_test(public_ones),
		cmocka_unit_test(socket_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
