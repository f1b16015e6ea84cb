/*
 * wish.c - reading the mirror's address and the registries. No state.
 */
#include "clients/wish.h"

#include <stdio.h>
#include <string.h>

#include "oci/reference.h"

static struct view without(struct view text, size_t n)
{
	return (struct view){ text.p + n, text.n - n };
}

int wish_mirror(struct wish *w, struct view text, struct err *e)
{
	struct view host = text;
	char canonical[256];
	bool tls = false;

	if (view_starts(host, "http://")) {
		host = without(host, 7);
	} else if (view_starts(host, "https://")) {
		host = without(host, 8);
		tls = true;
	}
	if (memchr(host.p, '@', host.n) != NULL)
		return err_set(e, ERR_INVALID,
			       "the mirror's address has no place for a user or password "
			       "(\"@\")");
	if (host.n > 0 && host.p[host.n - 1] == '/')
		host.n--;
	if (memchr(host.p, '/', host.n) != NULL)
		return err_set(e, ERR_INVALID,
			       "\"%.*s\" is no mirror's address: write "
			       "http://HOST:PORT or https://HOST:PORT, without a path",
			       (int)(text.n < 200 ? text.n : 200), text.p);
	if (registry_host_parse(host, canonical, e) != 0)
		return err_add(e, "the mirror's address");
	w->tls = tls;
	w->loopback = registry_host_is_loopback(view_of(canonical));
	snprintf(w->host, sizeof(w->host), "%s", canonical);
	snprintf(w->url, sizeof(w->url), "http%s://%s", tls ? "s" : "", canonical);
	return 0;
}

int wish_ca(struct wish *w, const char *path, struct err *e)
{
	const unsigned char *p;

	if (!w->tls)
		return err_set(
			e, ERR_INVALID,
			"an authority's certificate is for a mirror that speaks TLS: "
			"write https:// in front of its address");
	for (p = (const unsigned char *)path; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f || strchr("\"'\\$`", *p) != NULL)
			return err_set(
				e, ERR_INVALID,
				"%.300s: a path with quotes, \"$\", \"\\\" or control "
				"characters cannot be written into every format; copy "
				"the certificate elsewhere",
				path);
	w->ca = path;
	return 0;
}

bool wish_has(const struct wish *w, struct view registry)
{
	for (size_t i = 0; i < w->n; i++)
		if (view_is(registry, w->registry[i]))
			return true;
	return false;
}

int wish_add(struct wish *w, struct view registry, struct err *e)
{
	char canonical[256];

	if (registry_host_parse(registry, canonical, e) != 0)
		return -1;
	if (wish_has(w, view_of(canonical)))
		return 0;
	if (w->n == WISH_MAX_REGISTRIES)
		return err_set(e, ERR_LIMIT, "more than %d registries",
			       WISH_MAX_REGISTRIES);
	snprintf(w->registry[w->n++], sizeof(w->registry[0]), "%s", canonical);
	return 0;
}
