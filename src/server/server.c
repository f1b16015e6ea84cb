/*
 * server.c - the daemon: libmicrohttpd's epoll pool, one thread a core, with suspended
 * connections.
 *
 * A request is made when its line has been read, and freed when libmicrohttpd says it has
 * ended. Parked requests are resumed by bells only; at the end every bell rings, since
 * the work behind it is cancelled.
 */
#include "server/server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/access.h"
#include "server/auth.h"
#include "server/check.h"
#include "server/clients.h"
#include "server/dispatch.h"
#include "server/door.h"
#include "server/framing.h"
#include "server/images.h"
#include "server/intake.h"
#include "server/listen.h"
#include "server/park.h"
#include "server/probe.h"
#include "server/purge.h"
#include "server/server_impl.h"
#include "server/tls.h"
#include "server/work.h"
#include "store/publish.h"
#include "store/upload.h"

/* Headers of one request must fit half of it; containerd's and Docker's take up to 4 KiB.
 */
#define CONNECTION_MEMORY (32u << 10)
#define STALL_SECONDS 120 /* a client that takes no byte for so long is left */
#define DISK_THREADS                                                                     \
	16 /* they wait for the disk, which likes to be asked much at once               \
	    */
#define DISK_WORKS 4096

static struct client *client_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context; /* on_connection's, for as long as conn lives */
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *s = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = client_add(
			s->clients,
			MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd);
	else
		client_gone(s->clients, *context);
}

static void *on_line(void *cls, const char *uri, struct MHD_Connection *conn)
{
	return request_new(cls, uri);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version,
				  const char *upload_data, size_t *upload_data_size,
				  void **context)
{
	struct request *rq = *context;
	enum framing framing;

	if (rq->parsed && !park_resumed(rq))
		return MHD_NO;
	if (rq->intake != NULL && *upload_data_size > 0)
		return intake_data(rq, upload_data, upload_data_size);
	if (rq->parsed && rq->intake != NULL && rq->intake->parked)
		return intake_header(rq);
	if (rq->parsed) {
		client_body(rq->client, false);
		return dispatch_request(rq);
	}
	/*
	 * An answer at the first call, when only the header has been read, makes
	 * libmicrohttpd close the connection. That is what a request with a body gets
	 * where none is wanted: it is not read. So does one that may have a body. All
	 * others are answered when all of them has been read.
	 */
	rq->parsed = true;
	rq->conn = conn;
	rq->method = request_method(method);
	rq->get = rq->method == METHOD_GET;
	rq->head = rq->method == METHOD_HEAD;
	rq->path = mem_dup(url);
	rq->kind = request_classify(rq->path, &rq->name_text, &rq->ref_text);
	atomic_fetch_add(&rq->server->active, 1);
	rq->client = client_of(conn);
	client_busy(rq->server->clients, rq->client);
	framing = framing_of(conn);
	rq->unclear = framing == FRAMING_UNCLEAR;
	if (framing == FRAMING_NO_BODY)
		return MHD_YES;
	if (framing == FRAMING_BODY && intake_wanted(rq))
		return intake_header(rq);
	return dispatch_request(rq);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct request *rq = *context;
	struct server *s = cls;

	if (rq == NULL)
		return;
	park_resumed(rq);
	if (rq->parsed) {
		access_ended(rq, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
		if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
			blobs_cut(rq, code);
		client_body(rq->client, false);
		client_idle(s->clients, rq->client);
		atomic_fetch_sub(&s->active, 1);
	}
	request_free(rq);
	*context = NULL;
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
	char text[400];
	size_t n;

	if (!log_wants(LOG_DEBUG))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	n = strlen(text);
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	log_event(LOG_DEBUG, "http.library", LS("message", text));
}

/* --- life --- */

static void copy_headers(struct server *s, const struct server_conf *conf)
{
	size_t i;

	s->conf.headers = mem_alloc((conf->nheaders + 1) * sizeof(*conf->headers));
	for (i = 0; i < conf->nheaders; i++) {
		s->conf.headers[i].name = mem_dup(conf->headers[i].name);
		s->conf.headers[i].value = mem_dup(conf->headers[i].value);
	}
}

static void server_free(struct server *s)
{
	size_t i;

	for (i = 0; i < s->conf.nheaders; i++) {
		free(s->conf.headers[i].name);
		free(s->conf.headers[i].value);
	}
	free(s->conf.headers);
	clients_free(s->clients);
	purge_stop(s->purge);
	works_stop(s->works);
	images_free(s->images);
	checks_free(s->checks);
	purge_free(s->purge);
	probe_free(s->probe);
	auth_free(s->auth);
	tls_free(s->tls);
	uploads_free(s->uploads);
	publishing_free(s->publishing);
	free(s);
}

/* Who is asked for what: users and rules, certificates. */
static int make_guards(struct server *s, const struct server_conf *conf, struct err *e)
{
	struct auth_conf auth = { conf->htpasswd, conf->realm, conf->rules,
				  conf->nrules };
	struct tls_conf tls = { conf->tls_certificate, conf->tls_key,
				conf->tls_client_cas, conf->ntls_client_cas,
				conf->tls_minimum };

	if (auth_new(&auth, &s->auth, e) != 0)
		return -1;
	return tls.certificate != NULL ? tls_new(&tls, &s->tls, e) : 0;
}

/* libmicrohttpd divides it among its threads. A door has a limit of its own, and does not
 * know whose turn it is: then each thread has room for all. */
static unsigned limit_of(const struct server_conf *conf)
{
	if (conf->socket <= 0)
		return conf->connections;
	return conf->connections < UINT_MAX / conf->threads
		       ? conf->connections * conf->threads
		       : UINT_MAX;
}

static struct MHD_Daemon *start_daemon(struct server *s, const struct server_conf *conf)
{
	const char *trust = s->tls != NULL ? tls_trust(s->tls) : NULL;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
		{ trust != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ITC | MHD_USE_ERROR_LOG;

	if (s->tls != NULL) {
		flags |= MHD_USE_TLS;
		tls[0].ptr_value = tls_callback(s->tls);
		/* libmicrohttpd copies neither; both live as long as s->tls. */
		tls[1].ptr_value = (void *)(uintptr_t)tls_priorities(s->tls);
		tls[2].ptr_value = (void *)(uintptr_t)trust;
	} else {
		tls[0].option = MHD_OPTION_END;
	}
	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
		conf->threads, MHD_OPTION_CONNECTION_LIMIT, limit_of(conf),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STALL_SECONDS,
		MHD_OPTION_URI_LOG_CALLBACK, on_line, s, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static int start_listening(struct server *s, const struct server_conf *conf,
			   struct err *e)
{
	bool passed = conf->socket > 0;

	if (passed && listen_adopt(conf->socket, &s->port, e) != 0)
		return -1;
	s->listen_fd = passed ? listen_nowhere(e) : listen_open(conf->host, &s->port, e);
	if (s->listen_fd < 0)
		return -1;
	s->daemon = start_daemon(s, conf);
	if (s->daemon == NULL) {
		close(s->listen_fd);
		return err_set(e, ERR_IO, "cannot start the HTTP server");
	}
	if (passed &&
	    door_open(conf->socket, conf->connections, s->daemon, &s->door, e) != 0) {
		MHD_stop_daemon(s->daemon);
		return -1;
	}
	return 0;
}

int server_start(const struct server_conf *conf, struct store *store, struct mirror *m,
		 struct server **out, struct err *e)
{
	struct server *s = mem_alloc(sizeof(*s));

	s->conf = *conf;
	copy_headers(s, conf);
	s->store = store;
	s->mirror = m;
	s->port = conf->port;
	s->clients = clients_new();
	s->works = works_new("disk", DISK_THREADS, DISK_WORKS);
	s->images = images_new();
	s->usage = mirror_usage(m);
	s->checks = checks_new();
	s->started_mono_ms = clock_mono_ms();
	s->uploads = uploads_new(store);
	s->publishing = publishing_new(store);
	if (probe_new(&s->probe, e) != 0 || make_guards(s, conf, e) != 0) {
		server_free(s);
		return -1;
	}
	if (start_listening(s, conf, e) != 0) {
		server_free(s);
		return -1;
	}
	if (conf->upload_age_ms > 0)
		s->purge = purge_start(s->works, s->uploads, conf->upload_age_ms,
				       conf->purge_interval_ms);
	*out = s;
	return 0;
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

/* Ends of requests come without a signal that could be waited for: look every 10 ms. */
static bool wait_inactive(struct server *s, int64_t timeout_ms)
{
	int64_t until_ms = clock_mono_ms() + timeout_ms;
	struct timespec tick = { .tv_nsec = 10 * 1000000 };

	while (atomic_load(&s->active) > 0) {
		if (clock_mono_ms() >= until_ms)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

bool server_drain(struct server *s, int64_t timeout_ms)
{
	struct err e;

	if (s->door != NULL) {
		door_close(TAKE(s->door));
		return wait_inactive(s, timeout_ms);
	}
	/* Not MHD_quiesce_daemon(): it and a thread of the pool may both take the socket
	 * out of that thread's epoll set, and the second to come aborts the process. */
	if (listen_stop(s->listen_fd, &e) != 0)
		log_event(LOG_WARN, "serve.still_listening", LS("error", e.msg));
	return wait_inactive(s, timeout_ms);
}

void server_stop(struct server *s)
{
	if (s == NULL)
		return;
	door_close(TAKE(s->door));
	atomic_store(&s->stopping, true);
	wait_inactive(s, 2000); /* parked requests are resumed and leave */
	MHD_stop_daemon(s->daemon);
	server_free(s);
}
