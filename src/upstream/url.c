/*
 * url.c - URLs through libcurl's own parser, so that what is judged is what is dialled.
 */
#include "upstream/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void url_freep(CURLU **h)
{
	curl_url_cleanup(*h);
}

static void str_freep(char **s)
{
	curl_free(*s);
}

static CURLU *read_url(const char *text)
{
	CURLU *h = curl_url();

	if (h == NULL)
		abort(); /* small and fixed, as mem_alloc */
	if (strlen(text) > URL_MAX_BYTES ||
	    curl_url_set(h, CURLUPART_URL, text,
			 CURLU_PATH_AS_IS | CURLU_DISALLOW_USER)) {
		curl_url_cleanup(h);
		return NULL;
	}
	return h;
}

int url_parse(const char *text, struct url *out, struct err *e)
{
	CLEANUP(url_freep)
	CURLU *h = read_url(text);
	CLEANUP(str_freep)
	char *scheme = NULL, *host = NULL, *port = NULL;
	struct url u = { 0 };
	size_t i;

	if (h == NULL || curl_url_get(h, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(h, CURLUPART_HOST, &host, 0) ||
	    curl_url_get(h, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
		return err_set(e, ERR_INVALID, "not a usable http or https URL");
	u.https = strcmp(scheme, "https") == 0;
	if (!u.https && strcmp(scheme, "http") != 0)
		return err_set(e, ERR_INVALID, "not an http or https URL");
	if (host[0] == '\0' || strlen(host) >= sizeof(u.host))
		return err_set(e, ERR_INVALID, "URL with an empty or overlong host name");
	for (i = 0; host[i] != '\0'; i++)
		u.host[i] = (char)tolower((unsigned char)host[i]);
	u.port = (int)strtol(port, NULL, 10);
	*out = u;
	return 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port &&
	       strcmp(a->host, b->host) == 0;
}

bool url_host_is_ip(const char *host)
{
	unsigned char addr[16];

	return host[0] == '[' || inet_pton(AF_INET, host, addr) == 1;
}

static int put_url(CURLU *h, struct buf *out, struct err *e)
{
	CLEANUP(str_freep)
	char *text = NULL;

	if (curl_url_set(h, CURLUPART_FRAGMENT, NULL, 0) ||
	    curl_url_get(h, CURLUPART_URL, &text, 0))
		return err_set(e, ERR_INVALID, "not a usable URL");
	buf_clear(out);
	if (strlen(text) > URL_MAX_BYTES || buf_adds(out, text) != 0)
		return err_set(e, ERR_LIMIT, "URL of more than %d bytes", URL_MAX_BYTES);
	return 0;
}

int url_resolve(const char *base, struct view reference, struct buf *out, struct err *e)
{
	CLEANUP(url_freep)
	CURLU *h = read_url(base);
	CLEANUP(mem_freep)
	char *ref = NULL;

	if (reference.n > URL_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "URL of more than %d bytes", URL_MAX_BYTES);
	ref = mem_dupn(reference.p, reference.n);
	if (h == NULL ||
	    curl_url_set(h, CURLUPART_URL, ref, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER))
		return err_set(e, ERR_INVALID, "not a usable http or https URL");
	return put_url(h, out, e);
}

int url_add_query(const char *base, const char *key, const char *value, struct buf *out,
		  struct err *e)
{
	CLEANUP(url_freep)
	CURLU *h = read_url(base);
	CLEANUP(mem_freep)
	char *pair = mem_fmt("%s=%s", key, value);

	if (h == NULL ||
	    curl_url_set(h, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE))
		return err_set(e, ERR_INVALID, "not a usable http or https URL");
	return put_url(h, out, e);
}

void url_show(const char *text, char out[URL_SHOWN_MAX])
{
	CLEANUP(url_freep)
	CURLU *h = read_url(text);
	CLEANUP(str_freep)
	char *path = NULL;
	struct url u;

	if (h == NULL || url_parse(text, &u, NULL) != 0 ||
	    curl_url_get(h, CURLUPART_PATH, &path, 0))
		snprintf(out, URL_SHOWN_MAX, "(unreadable URL)");
	else if (u.port == (u.https ? 443 : 80))
		snprintf(out, URL_SHOWN_MAX, "http%s://%s%s", u.https ? "s" : "", u.host,
			 path);
	else
		snprintf(out, URL_SHOWN_MAX, "http%s://%s:%d%s", u.https ? "s" : "",
			 u.host, u.port, path);
}
