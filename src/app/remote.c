/*
 * remote.c - a larder as the upstream that it may be. No state but the caller's.
 */
#include "app/remote.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/reference.h"
#include "upstream/retry.h"
#include "upstream/upstream.h"

int remote_host(const char *url, char out[256], struct err *e)
{
	const char *p = strstr(url, "://");
	size_t n;

	if (p == NULL ||
	    (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return err_set(e, ERR_INVALID,
			       "\"%.200s\" is no http:// or https:// URL of a larder",
			       url);
	p += 3;
	n = strcspn(p, "/");
	if (memchr(p, '@', n) != NULL)
		return err_set(e, ERR_INVALID,
			       "the URL has a user or password in it; log in with docker "
			       "login instead");
	return registry_host_parse((struct view){ p, n }, out, e);
}

int remote_open(struct remote *r, const struct settings *s, const char *url, bool own,
		int64_t ask_ms, struct err *e)
{
	int wait_ms = (int)(ask_ms < REMOTE_ASK_MS ? ask_ms : REMOTE_ASK_MS);
	struct upstream_conf conf = {
		.url = url,
		.docker_config = s->docker_config,
		.ca_file = s->ca_file,
		.connect_ms = wait_ms < s->connect_ms ? wait_ms : (int)s->connect_ms,
		.header_ms = wait_ms,
		.stall_ms = (int)s->stall_ms,
		.direct = own,
	};
	char host[256];

	*r = (struct remote){ .ask_ms = ask_ms };
	if (remote_host(url, host, e) != 0)
		return -1;
	conf.host = host;
	r->up = upstream_new(&conf, e);
	return r->up != NULL ? 0 : -1;
}

void remote_close(struct remote *r)
{
	upstream_unref(r->up);
	r->up = NULL;
}

typedef int asking(struct upstream *u, const char *path, int64_t deadline_ms,
		   struct plain *out, struct err *e);

static int ask(struct remote *r, asking *fn, const char *path, struct plain *out,
	       struct err *e)
{
	int64_t end_ms = clock_mono_ms() + r->ask_ms;
	struct retry again = RETRY_INIT(end_ms);
	int rc;

	do
		rc = fn(r->up, path, end_ms, out, e);
	while (rc != 0 && e->kind == ERR_BUSY && retry_again(&again, e));
	return rc;
}

/*
 * The registry API's door first: there everybody is asked for a name who has one to say;
 * elsewhere who says none may simply be shown less.
 */
static int greet_and_ask(struct remote *r, asking *fn, const char *path,
			 struct plain *out, struct err *e)
{
	struct plain hello;

	if (!r->greeted) {
		if (ask(r, plain_get, "/v2/", &hello, e) != 0)
			return -1;
		plain_done(&hello);
		r->greeted = true;
	}
	if (ask(r, fn, path, out, e) == 0)
		return 0;
	return e->kind == ERR_NOT_FOUND
		       ? err_add(e, "it has none of that, or is no larder")
		       : -1;
}

int remote_get(struct remote *r, const char *path, struct plain *out, struct err *e)
{
	return greet_and_ask(r, plain_get, path, out, e);
}

int remote_post(struct remote *r, const char *path, struct plain *out, struct err *e)
{
	return greet_and_ask(r, plain_post, path, out, e);
}

static int each_line(const struct remote_list *l, struct view left, struct err *e)
{
	while (left.n > 0) {
		const char *end = memchr(left.p, '\n', left.n);
		struct view line = { left.p,
				     end != NULL ? (size_t)(end - left.p) : left.n };

		left.p += line.n + (end != NULL);
		left.n -= line.n + (end != NULL);
		if (l->line(l->arg, line, e) != 0)
			return -1;
	}
	return 0;
}

int remote_list(struct remote *r, const char *path, const struct remote_list *l,
		struct err *e)
{
	char next[PLAIN_NEXT_MAX];
	struct plain page;
	unsigned pages = 0;
	int rc = 0;

	snprintf(next, sizeof(next), "%s", path);
	while (rc == 0 && next[0] != '\0') {
		if (pages++ == REMOTE_PAGES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d pages",
				       REMOTE_PAGES_MAX);
		if (remote_get(r, next, &page, e) != 0)
			return -1;
		rc = each_line(l, buf_view(&page.body), e);
		if (rc == 0 && page.body.n == 0 && page.next[0] != '\0')
			rc = err_set(e, ERR_UPSTREAM, "an empty page, and more after it");
		if (l->page != NULL)
			l->page(l->arg, &page);
		memcpy(next, page.next, sizeof(next));
		plain_done(&page);
	}
	return rc;
}

int remote_ready(struct remote *r, struct err *e)
{
	struct plain answer;

	if (plain_get(r->up, "/readyz", clock_mono_ms() + r->ask_ms, &answer, e) != 0)
		return -1;
	plain_done(&answer);
	return 0;
}

bool remote_own_url(const struct settings *s, char out[REMOTE_URL_MAX])
{
	const char *host = s->listen_host;
	bool v6;

	if (s->listen_port == 0)
		return false;
	if (host == NULL || strcmp(host, "0.0.0.0") == 0)
		host = "127.0.0.1";
	else if (strcmp(host, "::") == 0)
		host = "::1";
	v6 = strchr(host, ':') != NULL;
	snprintf(out, REMOTE_URL_MAX, "%s://%s%s%s:%u",
		 s->tls_certificate != NULL ? "https" : "http", v6 ? "[" : "", host,
		 v6 ? "]" : "", s->listen_port);
	return true;
}
