/*
 * docker.c - Docker Engine and Docker Desktop: daemon.json.
 *
 * Engine asks its mirrors for names of Docker Hub only.  A mirror that speaks plain HTTP
 * and is on another machine is also named in insecure-registries, so that names that
 * begin with its address can be pulled and pushed; Docker takes loopback for insecure
 * unasked.
 */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "clients/client.h"
#include "clients/jsontext.h"

#define MIRRORS "registry-mirrors"
#define INSECURE "insecure-registries"

/* As dockerd compares: "http://host:5000/" is "http://host:5000". */
static bool same_url(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 0 && a[n - 1] == '/';
	m -= m > 0 && b[m - 1] == '/';
	return n == m && strncasecmp(a, b, n) == 0;
}

static bool wants_insecure(const struct wish *w)
{
	return !w->tls && !w->loopback;
}

static int add(const struct client_text *t, const struct wish *w, struct buf *out,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf more = BUF_INIT(CLIENT_MAX_BYTES);
	struct view now = client_is_blank(t->now) ? VIEW("{}\n") : t->now;
	int has = wants_insecure(w) ? jsontext_has(now, INSECURE, w->host, same_url, e)
				    : 1;

	if (has < 0)
		return -1;
	if (has == 0) {
		if (jsontext_put_first(now, INSECURE, w->host, same_url, &more, e) != 0)
			return -1;
		now = buf_view(&more);
	}
	return jsontext_put_first(now, MIRRORS, w->url, same_url, out, e);
}

/* Whether it was there before larder came. */
static bool was_there(struct view before, const char *key, const char *text)
{
	return !client_is_blank(before) &&
	       jsontext_has(before, key, text, same_url, NULL) == 1;
}

static int take(const struct client_text *t, const struct wish *w, struct buf *out,
		struct err *e)
{
	CLEANUP(buf_done)
	struct buf first = BUF_INIT(CLIENT_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf second = BUF_INIT(CLIENT_MAX_BYTES);
	struct view left = t->now;

	if (client_is_blank(left))
		return client_keep(t, out, e);
	if (!was_there(t->before, MIRRORS, w->url)) {
		if (jsontext_take(left, MIRRORS, w->url, same_url, &first, e) != 0)
			return -1;
		left = buf_view(&first);
	}
	/* Alone it may be somebody's own, who only pulls by name. */
	if (left.n != t->now.n && wants_insecure(w) &&
	    !was_there(t->before, INSECURE, w->host)) {
		if (jsontext_take(left, INSECURE, w->host, same_url, &second, e) != 0)
			return -1;
		left = buf_view(&second);
	}
	if (left.n != t->now.n && jsontext_is_empty(left))
		return 0;
	return buf_add(out, left.p, left.n) == 0 ? 0 : client_too_large(e);
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	int rc =
		buf_addf(out,
			 "Docker has to read it: systemctl %sreload docker (or kill -HUP "
			 "its dockerd);\nthen `docker info` %s.\n",
			 place->user ? "--user " : "",
			 undo ? "names the mirror no more" : "names the mirror");

	if (rc == 0 && !undo)
		rc = buf_addf(out,
			      "Docker asks mirrors for Docker Hub only; for other "
			      "registries write larder's address\n"
			      "in front: %s/ghcr.io/OWNER/IMAGE.\n",
			      w->host);
	if (rc == 0 && !undo && w->ca != NULL)
		rc = buf_addf(out,
			      "Docker has a place of its own for authorities: cp %s "
			      "%s/certs.d/%s/ca.crt\n"
			      "(an engine with the containerd image store takes the "
			      "system's: update-ca-certificates).\n",
			      w->ca, place->user ? "~/.config/docker" : "/etc/docker",
			      w->host);
	return rc;
}

const struct client docker_client = {
	.name = "docker",
	.title = "Docker",
	.path = "/etc/docker/daemon.json",
	.user_path = "docker/daemon.json",
	.add = add,
	.take = take,
	.after = after,
};
