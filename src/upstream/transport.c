/*
 * transport.c - drives one libcurl transfer from this thread, with a clock of its own.
 *
 * CONNECTING -> WAITING -> BODY.  A request's body goes out while WAITING, for which the
 * stall limit holds until its last byte is handed to libcurl, the header limit from then
 * on.  libcurl's own progress callback runs about once a
 * second while nothing moves; so the transfer is the only one of a multi handle, and this
 * thread sleeps in poll until something moves, the phase's limit or the deadline passes,
 * or gate_stop wakes it. Time spent in the caller's callbacks does not count as the
 * peer's.
 *
 * libcurl gives a body out in pieces of 16 KiB, whatever it has received; where the
 * caller has room for larger ones they are gathered for as long as there is more without
 * waiting: a write and a wake-up for each piece would cost more than the hashing. The
 * first piece is handed on at once, since somebody waits for it.
 */
#include "upstream/transport.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "upstream/addr.h"
#include "upstream/explain.h"
#include "upstream/gate.h"
#include "upstream/pace.h"
#include "upstream/proxy.h"
#include "upstream/sending.h"
#include "upstream/sessions.h"
#include "upstream/upstream.h"

/* libcurl has the same limit for connecting and divides it among a host's addresses; ours
 * is the one that holds if libcurl is stuck in a name look-up. */
#define CONNECT_GRACE_MS 100
#define POLL_MAX_MS 1000

struct call {
	const struct transport_request *req;
	struct transport_answer *a;
	struct err *e;
	enum { CONNECTING, WAITING, BODY } phase;
	int64_t since_ms; /* when the phase began; in BODY, when the last byte came */
	struct pace pace; /* of the BODY */
	size_t header_bytes;
	struct sending out;
	char *gathered; /* of req->buffer_bytes, once there is something to gather */
	size_t ngathered;
	bool failed;  /* *e and a->outcome say why */
	bool enough;  /* a callback wants no more */
	bool blocked; /* an address was refused for being private */
	char detail[CURL_ERROR_SIZE];
};

void transport_answer_init(struct transport_answer *a)
{
	*a = (struct transport_answer){ .headers = BUF_INIT(TRANSPORT_HEADER_BYTES) };
}

void transport_answer_done(struct transport_answer *a)
{
	buf_done(&a->headers);
}

struct view transport_header(const struct transport_answer *a, const char *name,
			     unsigned nth)
{
	const char *p = buf_str(&a->headers);
	size_t n = strlen(name);

	while (*p != '\0') {
		size_t line = strcspn(p, "\n");

		if (line > n && p[n] == ':' && strncasecmp(p, name, n) == 0 && nth-- == 0)
			return view_trim((struct view){ p + n + 1, line - n - 1 });
		p += line + (p[line] == '\n');
	}
	return (struct view){ "", 0 };
}

int64_t transport_length(const struct transport_answer *a)
{
	struct view v = transport_header(a, "Content-Length", 0);
	int64_t n = 0;
	size_t i;

	for (i = 0; i < v.n && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		if (n > (INT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (v.p[i] - '0');
	}
	return v.n > 0 && i == v.n ? n : -1;
}

static void failed(struct call *c, const char *outcome)
{
	c->failed = true;
	snprintf(c->a->outcome, sizeof(c->a->outcome), "%s", outcome);
}

/* A callback of the caller, called at called_ms, has returned rc; is the transfer to go
 * on? */
static bool goes_on(struct call *c, int64_t called_ms, int rc)
{
	c->since_ms = clock_mono_ms();
	pace_forgive(&c->pace, c->since_ms - called_ms);
	if (rc < 0)
		failed(c, "stopped");
	else if (rc > 0)
		c->enough = true;
	return rc == 0;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct call *c = arg;

	if (c->req->public_only && !c->a->proxied && addr_is_private(&to->addr)) {
		c->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* The connection stands (new or kept from before), the request goes out next. */
static int on_ready(void *arg, char *peer_ip, char *local_ip, int peer_port,
		    int local_port)
{
	struct call *c = arg;

	c->phase = WAITING;
	c->since_ms = clock_mono_ms();
	c->a->peer_private = addr_text_is_private(peer_ip);
	if (c->req->public_only && !c->a->proxied && c->a->peer_private) {
		c->blocked = true;
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

static int read_status(const char *line, size_t n)
{
	const char *sp = memchr(line, ' ', n);

	if (sp == NULL || (size_t)(sp - line) + 4 > n)
		return 0;
	return (int)strtol(sp + 1, NULL, 10);
}

/* Every line of every header: of interim answers, of the final one, of a trailer. */
static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	struct view line = { p, n };
	int rc = 0;

	c->header_bytes += n;
	if (c->header_bytes > TRANSPORT_HEADER_BYTES) {
		err_set(c->e, ERR_LIMIT, "header of more than %d bytes",
			TRANSPORT_HEADER_BYTES);
		failed(c, "limit");
		return 0;
	}
	if (c->phase == BODY) /* trailer */
		return n;
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (view_starts(line, "HTTP/")) {
		c->a->status = read_status(p, n);
		buf_clear(&c->a->headers);
	} else if (line.n > 0) {
		rc = buf_add(&c->a->headers, line.p, line.n);
		if (rc == 0)
			rc = buf_adds(&c->a->headers, "\n");
	} else if (c->a->status >= 200) {
		int64_t now = clock_mono_ms();

		c->phase = BODY;
		pace_begin(&c->pace, c->req->limits.slow_ms, now);
		if (c->req->head != NULL &&
		    !goes_on(c, now, c->req->head(c->req->arg, c->a, c->e)))
			return 0;
		c->since_ms = clock_mono_ms();
	}
	return rc == 0 ? n : 0;
}

static bool hand_on(struct call *c, const char *p, size_t n)
{
	int64_t now = clock_mono_ms();

	return c->req->data == NULL ||
	       goes_on(c, now, c->req->data(c->req->arg, p, n, c->e));
}

static bool hand_on_gathered(struct call *c)
{
	size_t n = c->ngathered;

	c->ngathered = 0;
	return n == 0 || hand_on(c, c->gathered, n);
}

static bool gather(struct call *c, const char *p, size_t n)
{
	if (c->gathered == NULL)
		c->gathered = mem_alloc(c->req->buffer_bytes);
	while (n > 0) {
		size_t room = c->req->buffer_bytes - c->ngathered;
		size_t part = n < room ? n : room;

		memcpy(c->gathered + c->ngathered, p, part);
		c->ngathered += part;
		p += part;
		n -= part;
		if (part == room && !hand_on_gathered(c))
			return false;
	}
	return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	bool first = c->a->body_bytes == 0, go;

	c->since_ms = clock_mono_ms();
	c->a->body_bytes += n;
	if (first || c->req->data == NULL || c->req->buffer_bytes == 0)
		go = hand_on(c, p, n);
	else
		go = gather(c, p, n);
	return go ? n : CURL_WRITEFUNC_ERROR;
}

static void set_rules(CURL *h, struct call *c)
{
	const struct transport_request *req = c->req;
	bool direct = req->direct || req->unix_path != NULL;
	const char *proxy = direct ? NULL : proxy_for(&req->at);
	struct curl_blob ca = { (void *)req->ca.p, req->ca.n, CURL_BLOB_NOCOPY };

	c->a->proxied = proxy != NULL;
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	/* A thread stuck in getaddrinfo is left behind, not waited for; it frees its own.
	 */
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)req->limits.connect_ms);
	curl_easy_setopt(h, CURLOPT_PROXY, proxy != NULL ? proxy : "");
	curl_easy_setopt(h, CURLOPT_NOPROXY, "");
	curl_easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "larder/" LARDER_VERSION);
	if (req->ca.n > 0)
		curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &ca);
	if (req->buffer_bytes > 0)
		curl_easy_setopt(h, CURLOPT_BUFFERSIZE, (long)req->buffer_bytes);
	if (req->unix_path != NULL)
		curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, req->unix_path);
	if (req->cert_file != NULL) {
		curl_easy_setopt(h, CURLOPT_SSLCERT, req->cert_file);
		curl_easy_setopt(h, CURLOPT_SSLKEY, req->key_file);
	}
}

static void set_method(CURL *h, struct call *c)
{
	const struct transport_request *req = c->req;

	if (req->body != NULL) {
		sending_set(h, &c->out, req->method);
	} else if (strcmp(req->method, "HEAD") == 0) {
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	} else if (req->form != NULL) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, req->form);
	} else if (strcmp(req->method, "POST") == 0) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, 0L);
	} else if (strcmp(req->method, "GET") != 0) {
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, req->method);
	}
}

static void set_request(CURL *h, struct call *c, struct curl_slist *headers)
{
	const struct transport_request *req = c->req;

	curl_easy_setopt(h, CURLOPT_URL, req->url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	set_method(h, c);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->detail);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_ready);
	curl_easy_setopt(h, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
}

static void say_too_slow(struct call *c)
{
	failed(c, "slow");
	err_set(c->e, ERR_UPSTREAM, "too slow: less than %d bytes a second over %d s",
		UPSTREAM_LEAST_BYTES, c->req->limits.slow_ms / 1000);
}

/* When the present phase must have ended. */
static int64_t phase_end(const struct call *c)
{
	const struct transport_limits *l = &c->req->limits;
	int64_t since_ms = c->since_ms;

	if (c->phase == CONNECTING)
		return since_ms + l->connect_ms + CONNECT_GRACE_MS;
	if (c->out.last_ms > since_ms)
		since_ms = c->out.last_ms;
	if (c->phase == WAITING && !sending_is_on(&c->out))
		return since_ms + l->header_ms;
	return since_ms + l->stall_ms;
}

static void too_late(struct call *c, CURL *h, int64_t now)
{
	const struct transport_limits *l = &c->req->limits;

	failed(c, "timeout");
	if (c->req->deadline_ms > 0 && now >= c->req->deadline_ms)
		err_set(c->e, ERR_UPSTREAM, "not answered in the time there was");
	else if (c->phase == CONNECTING)
		explain_failure(h, CURLE_OPERATION_TIMEDOUT, "", c->req, c->a, c->e);
	else if (c->phase == WAITING && sending_is_on(&c->out))
		err_set(c->e, ERR_UPSTREAM, "stalled: took no byte for %d ms",
			l->stall_ms);
	else if (c->phase == WAITING)
		err_set(c->e, ERR_UPSTREAM, "no answer within %d ms", l->header_ms);
	else
		err_set(c->e, ERR_UPSTREAM, "stalled: no byte for %d ms", l->stall_ms);
}

/* Until the transfer has ended, or *c says why it must. */
static CURLcode drive(struct call *c, struct session *s)
{
	int running = 1, left;
	CURLMsg *msg;

	for (;;) {
		CURLMcode rc = curl_multi_perform(s->multi, &running);
		int64_t now = clock_mono_ms(), end = phase_end(c);

		/* Also when it has just failed: what came before is good. */
		if (!c->failed && !c->enough && !hand_on_gathered(c))
			return CURLE_OK;
		if (rc != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (running == 0)
			break;
		if (gate_stopped()) {
			gate_stopped_err(c->e);
			failed(c, "cancelled");
			return CURLE_OK;
		}
		if (c->req->deadline_ms > 0 && c->req->deadline_ms < end)
			end = c->req->deadline_ms;
		if (now >= end) {
			too_late(c, s->easy, now);
			return CURLE_OK;
		}
		if (c->phase == BODY && pace_is_slow(&c->pace, c->a->body_bytes, now)) {
			say_too_slow(c);
			return CURLE_OK;
		}
		if (c->phase == BODY && pace_end(&c->pace) < end)
			end = pace_end(&c->pace);
		curl_multi_poll(s->multi, NULL, 0,
				(int)(end - now < POLL_MAX_MS ? end - now : POLL_MAX_MS),
				NULL);
	}
	msg = curl_multi_info_read(s->multi, &left);
	return msg != NULL && msg->msg == CURLMSG_DONE ? msg->data.result : CURLE_OK;
}

static void wake(void *arg)
{
	curl_multi_wakeup(arg);
}

static void add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more == NULL)
		abort(); /* as mem_alloc */
	*list = more;
}

/* Without libcurl's own ideas: to wait for "100 Continue", and a type for no body. */
static struct curl_slist *list_headers(const struct transport_request *req)
{
	struct curl_slist *list = NULL;
	size_t i;

	for (i = 0; i < TRANSPORT_MAX_HEADERS && req->header[i] != NULL; i++)
		add_header(&list, req->header[i]);
	if (req->body != NULL)
		add_header(&list, "Expect:");
	else if (req->form == NULL && strcmp(req->method, "POST") == 0)
		add_header(&list, "Content-Type:");
	return list;
}

/* They hold credentials. */
static void free_headers(struct curl_slist *list)
{
	struct curl_slist *l;

	for (l = list; l != NULL; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static int conclude(struct call *c, CURL *h, CURLcode code)
{
	if (c->out.failed)
		failed(c, "stopped");
	if (c->failed)
		return -1;
	if (c->blocked && code != CURLE_OK && !c->enough) {
		failed(c, "private");
		return err_set(c->e, ERR_UPSTREAM,
			       "%s has a private address, where a public registry has no "
			       "business to send us",
			       c->req->at.host);
	}
	if (code != CURLE_OK && !c->enough)
		return explain_failure(h, code, c->detail, c->req, c->a, c->e);
	snprintf(c->a->outcome, sizeof(c->a->outcome), "%d", c->a->status);
	return 0;
}

int transport_run(const struct transport_request *req, struct transport_answer *a,
		  struct err *e)
{
	struct err mine;
	struct call c = { .req = req, .a = a, .e = e != NULL ? e : &mine };
	struct gate_sleeper sleeper = { .wake = wake };
	struct curl_slist *headers;
	struct session *s;
	char key[500];
	CURLcode code;
	int rc;

	transport_answer_done(a);
	transport_answer_init(a);
	c.out = (struct sending){ .body = req->body, .e = c.e };
	if (req->body != NULL && req->body->rewind(req->body->arg, c.e) != 0)
		return -1;
	/* A connection that has shown a certificate speaks for its owner. */
	snprintf(key, sizeof(key), "%d %d %s %s %s", req->at.https, req->at.port,
		 req->at.host, req->unix_path != NULL ? req->unix_path : "",
		 req->cert_file != NULL ? req->cert_file : "");
	s = sessions_take(key);
	if (s == NULL)
		return err_set(e, ERR_IO, "cannot set up an HTTP request");
	headers = list_headers(req);
	set_rules(s->easy, &c);
	set_request(s->easy, &c, headers);
	sleeper.arg = s->multi;
	c.since_ms = clock_mono_ms();
	a->took_ms = c.since_ms;
	curl_multi_add_handle(s->multi, s->easy);
	gate_enter(&sleeper);
	code = drive(&c, s);
	gate_leave(&sleeper);
	rc = conclude(&c, s->easy, code);
	a->took_ms = clock_mono_ms() - a->took_ms;
	curl_multi_remove_handle(s->multi, s->easy);
	sessions_give(s, rc == 0 && !c.enough);
	free_headers(headers);
	free(c.gathered);
	return rc;
}
