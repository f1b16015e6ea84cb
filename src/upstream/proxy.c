/*
 * proxy.c - reads the environment on each call; nothing in larder changes it.
 */
#include "upstream/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *env_first(const char *a, const char *b)
{
	const char *v = getenv(a);

	if (v == NULL || *v == '\0')
		v = getenv(b);
	return v != NULL && *v != '\0' ? v : NULL;
}

/* "10.0.0.0/8" or a bare address, against a host that is an address of the same family.
 */
static bool block_covers(const char *block, const char *host)
{
	unsigned char net[16], addr[16];
	char text[64];
	const char *slash = strchr(block, '/');
	size_t n = slash ? (size_t)(slash - block) : strlen(block), whole;
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	unsigned long bits = family == AF_INET6 ? 128 : 32;

	if (n >= sizeof(text))
		return false;
	memcpy(text, block, n);
	text[n] = '\0';
	if (inet_pton(family, text, net) != 1 || inet_pton(family, host, addr) != 1)
		return false;
	if (slash != NULL) {
		unsigned long b = strtoul(slash + 1, NULL, 10);

		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = b < bits ? b : bits;
	}
	whole = bits / 8;
	if (memcmp(net, addr, whole) != 0)
		return false;
	return bits % 8 == 0 || (net[whole] ^ addr[whole]) >> (8 - bits % 8) == 0;
}

static bool entry_covers(const char *entry, const char *host)
{
	size_t n, h = strlen(host);

	if (strcmp(entry, "*") == 0)
		return true;
	if (block_covers(entry, host))
		return true;
	while (*entry == '.')
		entry++;
	n = strlen(entry);
	if (n == 0 || n > h || strcasecmp(host + h - n, entry) != 0)
		return false;
	return n == h || host[h - n - 1] == '.';
}

bool proxy_skipped(const char *list, const char *host)
{
	char bare[256], entry[256];
	size_t n;

	snprintf(bare, sizeof(bare), "%s", host[0] == '[' ? host + 1 : host);
	bare[strcspn(bare, "]")] = '\0';
	for (; *list; list += n) {
		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == 0 || n >= sizeof(entry))
			continue;
		memcpy(entry, list, n);
		entry[n] = '\0';
		if (entry[0] == '[') {
			memmove(entry, entry + 1, n);
			entry[strcspn(entry, "]")] = '\0';
		}
		if (entry_covers(entry, bare))
			return true;
	}
	return false;
}

const char *proxy_for(const struct url *u)
{
	const char *list = env_first("no_proxy", "NO_PROXY");
	const char *proxy = u->https ? env_first("https_proxy", "HTTPS_PROXY")
				     : env_first("http_proxy", "HTTP_PROXY");

	if (proxy == NULL)
		proxy = env_first("all_proxy", "ALL_PROXY");
	if (proxy == NULL || (list != NULL && proxy_skipped(list, u->host)))
		return NULL;
	return proxy;
}
