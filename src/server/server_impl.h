/*
 * server_impl.h - what the files of server/ share. Not for other folders.
 *
 * A handler is called again from the top each time what it waited for has moved. It
 * queues an answer, or parks the request (server_park) and returns MHD_YES.
 */
#ifndef LARDER_SERVER_SERVER_IMPL_H
#define LARDER_SERVER_SERVER_IMPL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/request.h"
#include "server/server.h"

struct clients; /* server/clients.h */

struct server {
	struct server_conf conf;
	struct store *store;
	struct mirror *mirror;
	struct MHD_Daemon *daemon;
	struct clients *clients;
	int listen_fd;
	uint16_t port;
	atomic_bool stopping; /* requests end with 503 from now on */
	atomic_int active;    /* requests under way */
	atomic_int streams;   /* answers that are being copied from flights */
};

/* Suspend the connection until the bell has rung since `seen`. From a handler or a
 * content reader only, which is called again then. */
void server_suspend(struct request *rq, struct bell *b, uint64_t seen);
/* Called again? Then it is parked no more. False: its client has left meanwhile. */
bool server_resumed(struct request *rq);
/* The visit waits: suspend until its bell rings. */
enum MHD_Result server_park(struct request *rq);

enum MHD_Result manifests_handle(struct request *rq);
enum MHD_Result blobs_handle(struct request *rq);
enum MHD_Result lists_tags(struct request *rq);
enum MHD_Result lists_catalog(struct request *rq);
enum MHD_Result admin_health(struct request *rq);
enum MHD_Result admin_ready(struct request *rq);
enum MHD_Result admin_metrics(struct request *rq);

/* A request header's value, or an empty view. */
struct view server_header(struct request *rq, const char *name);
/* Does If-None-Match name this entity tag (without quotes)? RFC 9110 section 13.1.2. */
bool server_none_match(struct request *rq, const char *etag);

#endif
