/*
 * reference.c - the grammars of names, tags and hosts.  Owns nothing.
 *
 * Everything is a whitelist of bytes, so that what passes is safe in a path, a URL, a
 * header and a log.
 */
#include "oci/reference.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_MAX_BYTES 255
#define LABEL_MAX_BYTES 63 /* RFC 1035 section 2.3.4 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* What stands between two letters or digits of a name, from s[0]: its length, 0 when
 * nothing that may: ".", "_", "__", any number of "-", or "/". */
static size_t separator(const char *s, size_t n)
{
	size_t i = 1;

	if (s[0] == '-') {
		while (i < n && s[i] == '-')
			i++;
		return i;
	}
	if (s[0] == '_' && n > 1 && s[1] == '_')
		return 2;
	return s[0] == '.' || s[0] == '_' || s[0] == '/';
}

static bool is_reponame(struct view v)
{
	size_t i = 0, skip;

	while (i < v.n && is_lower_alnum(v.p[i])) {
		while (i < v.n && is_lower_alnum(v.p[i]))
			i++;
		if (i == v.n)
			return true;
		skip = separator(v.p + i, v.n - i);
		if (skip == 0)
			return false;
		i += skip;
	}
	return false;
}

int reponame_parse(struct view text, struct reponame *out, struct err *e)
{
	if (text.n > NAME_MAX_BYTES)
		return err_set(e, ERR_INVALID, "repository name is longer than %d bytes",
			       NAME_MAX_BYTES);
	if (!is_reponame(text))
		return err_set(
			e, ERR_INVALID,
			"not a repository name: lower-case letters and digits, with "
			"'.', '_', '-' or '/' between them");
	memcpy(out->s, text.p, text.n);
	out->s[text.n] = '\0';
	return 0;
}

static bool is_tag(struct view v)
{
	size_t i;

	if (v.n == 0 || v.n > TAG_MAX_BYTES || v.p[0] == '.' || v.p[0] == '-')
		return false;
	for (i = 0; i < v.n; i++)
		if (!is_alnum(v.p[i]) && v.p[i] != '_' && v.p[i] != '.' && v.p[i] != '-')
			return false;
	return true;
}

int reference_parse(struct view text, struct reference *out, struct err *e)
{
	struct reference r = { 0 };

	if (text.n > 0 && memchr(text.p, ':', text.n) != NULL) {
		if (digest_parse(text, &r.digest, e) != 0)
			return -1;
		r.is_digest = true;
	} else if (is_tag(text)) {
		memcpy(r.tag, text.p, text.n);
	} else {
		return err_set(
			e, ERR_INVALID,
			"not a tag: at most %d letters, digits, '_', '.' and '-', not "
			"beginning with '.' or '-'",
			TAG_MAX_BYTES);
	}
	*out = r;
	return 0;
}

void reference_text(const struct reference *r, char out[DIGEST_TEXT_MAX])
{
	if (r->is_digest)
		digest_text(&r->digest, out);
	else
		memcpy(out, r->tag, strlen(r->tag) + 1);
}

static bool is_label(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > LABEL_MAX_BYTES || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (i = 0; i < n; i++)
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
	return true;
}

/* A DNS name, or four numbers: a name whose last label is a number is an address to every
 * resolver, so it must be a proper one. */
static bool is_name_or_ipv4(const char *host)
{
	const char *last = strrchr(host, '.');
	struct in_addr addr;

	last = last ? last + 1 : host;
	if (strspn(last, "0123456789") == strlen(last))
		return inet_pton(AF_INET, host, &addr) == 1;
	for (;;) {
		size_t n = strcspn(host, ".");

		if (!is_label(host, n))
			return false;
		if (host[n] == '\0')
			return true;
		host += n + 1;
	}
}

/* Without leading zeros, so that a port has one spelling. */
static bool is_port(const char *s)
{
	unsigned long port = 0;
	size_t i;

	if (s[0] < '1' || s[0] > '9' || strlen(s) > 5)
		return false;
	for (i = 0; s[i]; i++) {
		if (!is_digit(s[i]))
			return false;
		port = port * 10 + (unsigned long)(s[i] - '0');
	}
	return port <= 65535;
}

/* host is NUL-terminated text of ours; it is cut in two while it is looked at. */
static bool is_registry_host(char *host)
{
	struct in6_addr addr;
	char *colon, *close;
	bool good;

	if (host[0] == '[') {
		close = strchr(host, ']');
		if (close == NULL ||
		    (close[1] != '\0' && (close[1] != ':' || !is_port(close + 2))))
			return false;
		*close = '\0';
		good = inet_pton(AF_INET6, host + 1, &addr) == 1;
		*close = ']';
		return good;
	}
	colon = strchr(host, ':');
	if (colon == NULL)
		return is_name_or_ipv4(host);
	*colon = '\0';
	good = is_name_or_ipv4(host) && is_port(colon + 1);
	*colon = ':';
	return good;
}

int registry_host_parse(struct view text, char out[256], struct err *e)
{
	char host[HOST_MAX_BYTES + 1];
	const char *found = host;
	size_t i;

	if (text.n == 0 || text.n > HOST_MAX_BYTES ||
	    memchr(text.p, '\0', text.n) != NULL)
		return err_set(e, ERR_INVALID, "not a registry host: empty or too long");
	for (i = 0; i < text.n; i++)
		host[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32)
							       : text.p[i];
	host[text.n] = '\0';
	if (!is_registry_host(host))
		return err_set(
			e, ERR_INVALID,
			"not a registry host: a DNS name, an IPv4 address or an IPv6 "
			"address in brackets, with or without a port");
	if (strcmp(host, "index.docker.io") == 0 ||
	    strcmp(host, "registry-1.docker.io") == 0)
		found = "docker.io";
	memcpy(out, found, strlen(found) + 1);
	return 0;
}

bool registry_host_is_loopback(struct view host)
{
	size_t i;

	if (view_starts(host, "[::1]"))
		return host.n == 5 || host.p[5] == ':';
	for (i = 0; i < host.n && host.p[i] != ':';)
		i++;
	host.n = i; /* without its port */
	if (view_is(host, "localhost"))
		return true;
	/* 127.example.com is a name like any other. */
	for (i = 0;
	     i < host.n && (host.p[i] == '.' || (host.p[i] >= '0' && host.p[i] <= '9'));)
		i++;
	return i == host.n && view_starts(host, "127.");
}
