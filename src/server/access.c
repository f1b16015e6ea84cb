/*
 * access.c - the access log line and the request metrics.
 *
 * Cells are looked up once per combination and remembered in a table of atomic pointers.
 */
#include "server/access.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/intake.h"
#include "server/server_impl.h"

enum { SAID_HIT, SAID_MISS, SAID_JOINED, SAID_STALE, SAID_NONE, SAID_ERROR, SAYINGS };

static const char *const sayings[] = {
	"hit", "miss", "joined", "stale", "none", "error"
};

/* What became of the request, as metrics and log say it. */
static unsigned saying(const struct request *rq)
{
	if (rq->failed || rq->status >= 400 || rq->status == 0)
		return SAID_ERROR;
	if (!rq->get && !rq->head)
		return SAID_NONE;
	if (rq->kind != REQUEST_MANIFEST && rq->kind != REQUEST_BLOB &&
	    rq->kind != REQUEST_TAGS && rq->kind != REQUEST_REFERRERS)
		return SAID_NONE;
	return (unsigned)rq->visit.outcome;
}

static const unsigned statuses[] = { 200, 201, 202, 204, 206, 304, 400, 401, 403, 404,
				     405, 409, 413, 416, 429, 500, 502, 503, 504, 507 };
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]) + 1)

static metric_cell *count_cell(enum request_kind kind, unsigned said, unsigned status)
{
	static _Atomic(metric_cell *) cells[REQUEST_KINDS][SAYINGS][STATUSES];
	_Atomic(metric_cell *) *slot;
	metric_cell *cell;
	char code[8] = "other";
	size_t i = 0;

	while (i < STATUSES - 1 && statuses[i] != status)
		i++;
	slot = &cells[kind][said][i];
	cell = atomic_load_explicit(slot, memory_order_acquire);
	if (cell != NULL)
		return cell;
	if (i < STATUSES - 1)
		snprintf(code, sizeof(code), "%u", status);
	cell = metrics_cell(
		metrics_family(METRIC_COUNTER, "larder_http_requests_total",
			       "kind,outcome,code",
			       "Requests of clients by kind, outcome and status"),
		request_word(kind), sayings[said], code, NULL);
	atomic_store_explicit(slot, cell, memory_order_release);
	return cell;
}

static metric_cell *by_kind(_Atomic(metric_cell *) cells[REQUEST_KINDS], const char *name,
			    const char *help, enum request_kind kind)
{
	metric_cell *cell = atomic_load_explicit(&cells[kind], memory_order_acquire);

	if (cell == NULL) {
		cell = metrics_cell(metrics_family(METRIC_COUNTER, name, "kind", help),
				    request_word(kind), NULL, NULL, NULL);
		atomic_store_explicit(&cells[kind], cell, memory_order_release);
	}
	return cell;
}

/* Answered from here without the upstream's content: what a direct pull would have cost.
 */
static void count_saved(const struct request *rq, unsigned said)
{
	static _Atomic(metric_cell *) bytes[REQUEST_KINDS], answers[REQUEST_KINDS];

	if (said != SAID_HIT && said != SAID_STALE && said != SAID_JOINED)
		return;
	if (!rq->routed || rq->route.site == NULL || !rq->get)
		return;
	metrics_add(by_kind(bytes, "larder_saved_bytes_total",
			    "Bytes served that no upstream had to send again", rq->kind),
		    (int64_t)rq->bytes);
	metrics_add(
		by_kind(answers, "larder_saved_requests_total",
			"Requests answered that no upstream had to answer; those of kind "
			"manifest would have counted against a pull quota",
			rq->kind),
		1);
}

static void client_text(struct request *rq, char *out, size_t n)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	socklen_t len;

	if (info == NULL || info->client_addr == NULL)
		return;
	len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						       : sizeof(struct sockaddr_in);
	if (getnameinfo(info->client_addr, len, out, (socklen_t)n, NULL, 0,
			NI_NUMERICHOST) != 0)
		out[0] = '\0';
}

static void log_it(struct request *rq, unsigned said, bool complete, const char *method)
{
	char client[64] = "";
	const char *agent =
		MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, "User-Agent");
	struct timespec ts;
	int64_t us;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 - rq->start_us;
	client_text(rq, client, sizeof(client));
	log_access((const struct log_field[]){
		LS("client", client),
		LS("method", method),
		LS("uri", rq->uri),
		LU("status", rq->status),
		LU("bytes", rq->bytes),
		LU("us", us),
		LS("outcome", sayings[said]),
		LS("upstream", rq->routed && rq->route.site ? rq->route.site->host : "-"),
		LS("complete", complete ? "yes" : "no"),
		LS("agent", agent),
		{ 0 } });
}

void access_ended(struct request *rq, bool complete)
{
	static _Atomic(metric_cell *) sent[REQUEST_KINDS], received[REQUEST_KINDS];
	unsigned said = saying(rq);

	metrics_add(count_cell(rq->kind, said, rq->status), 1);
	metrics_add(by_kind(sent, "larder_http_sent_bytes_total",
			    "Bytes of bodies given to clients", rq->kind),
		    (int64_t)rq->bytes);
	if (rq->intake != NULL)
		metrics_add(by_kind(received, "larder_http_received_bytes_total",
				    "Bytes of bodies that clients sent", rq->kind),
			    (int64_t)rq->intake->got);
	if (complete)
		count_saved(rq, said);
	if (log_access_wanted())
		log_it(rq, said, complete && !rq->failed,
		       request_method_word(rq->method));
}
