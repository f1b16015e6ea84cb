/*
 * ping.c - one request, and what its header says. No state.
 */
#include "upstream/ping.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"
#include "upstream/gate.h"
#include "upstream/proxy.h"
#include "upstream/remote.h"

static int no_body(void *arg, const void *p, size_t n, struct err *e)
{
	return 1; /* enough */
}

static void read_answer(const struct transport_answer *a, struct upstream_ping *out)
{
	struct view date = transport_header(a, "Date", 0);
	struct view instance = transport_header(a, "Larder-Instance", 0);

	out->status = a->status;
	out->took_ms = a->took_ms;
	out->proxied = a->proxied;
	snprintf(out->outcome, sizeof(out->outcome), "%s", a->outcome);
	if (date.n > 0 && !httpdate_parse(date, &out->date_s))
		out->date_s = 0;
	out->registry = transport_header(a, "Docker-Distribution-Api-Version", 0).n > 0 ||
			transport_header(a, "WWW-Authenticate", 0).n > 0;
	/* Ours is hexadecimal; anything else is not shown to people. */
	if (instance.n == 32 && strspn(instance.p, "0123456789abcdef") >= 32)
		memcpy(out->instance, instance.p, instance.n);
}

int upstream_ping(struct upstream *u, const char *path, int64_t deadline_ms,
		  struct upstream_ping *out, struct err *e)
{
	CLEANUP(mem_freep)
	char *url = mem_fmt("%s%s", u->url, path);
	struct transport_request req = { .method = "GET",
					 .url = url,
					 .at = u->at,
					 .ca = buf_view(&u->ca),
					 .limits = u->limits,
					 .deadline_ms = deadline_ms,
					 .direct = u->direct,
					 .data = no_body };
	struct transport_answer a;
	int rc;

	*out = (struct upstream_ping){ 0 };
	transport_answer_init(&a);
	rc = transport_run(&req, &a, e);
	read_answer(&a, out);
	transport_answer_done(&a);
	return rc;
}

int upstream_user(struct upstream *u, int64_t deadline_ms, char out[256], struct err *e)
{
	CLEANUP(cred_done)
	struct cred c = { 0 };
	size_t i;

	if (cred_get(u->account[0].creds, deadline_ms, &c, e) != 0)
		return -1;
	snprintf(out, 256, "%s",
		 c.username != NULL   ? c.username
		 : c.identity != NULL ? "(identity token)"
				      : "");
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '.';
	return 0;
}

enum login_state upstream_login(struct upstream *u)
{
	enum login_state state;

	gate_lock();
	state = u->account[0].logins.state;
	gate_unlock();
	return state;
}

void upstream_proxy(struct upstream *u, char out[256])
{
	const char *proxy = proxy_for(&u->at);
	const char *host = proxy != NULL ? strstr(proxy, "://") : NULL;
	const char *at;

	out[0] = '\0';
	if (proxy == NULL)
		return;
	host = host != NULL ? host + 3 : proxy;
	at = strrchr(host, '@');
	snprintf(out, 256, "%s", at != NULL ? at + 1 : host);
}
