/*
 * addr.c - address classes (IANA special-purpose registries), from the bytes.
 */
#include "upstream/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool private4(const unsigned char a[4])
{
	switch (a[0]) {
	case 0:
	case 10:
	case 127:
		return true;
	case 100:
		return (a[1] & 0xc0) == 64;
	case 169:
		return a[1] == 254;
	case 172:
		return (a[1] & 0xf0) == 16;
	case 192:
		return a[1] == 168;
	default:
		return a[0] >= 224; /* multicast, reserved, broadcast */
	}
}

static bool private6(const unsigned char a[16])
{
	static const unsigned char zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff },
					     nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return private4(a + 12);
	if (memcmp(a, zero, 12) == 0) /* ::, ::1 and the old compatible form */
		return true;
	if (a[0] == 0x20 && a[1] == 0x02)
		return private4(a + 2);
	return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0x80) == 0x80) ||
	       a[0] == 0xff;
}

bool addr_is_private(const struct sockaddr *sa)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in4, sa, sizeof(in4));
		return private4((const unsigned char *)&in4.sin_addr);
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		return private6(in6.sin6_addr.s6_addr);
	default:
		return true;
	}
}

bool addr_text_is_private(const char *ip)
{
	unsigned char a[16];

	if (inet_pton(AF_INET, ip, a) == 1)
		return private4(a);
	if (inet_pton(AF_INET6, ip, a) == 1)
		return private6(a);
	return true;
}
