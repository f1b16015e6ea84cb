/*
 * server_impl.h - what the files of server/ share. Not for other folders.
 *
 * A handler is called again from the top each time what it waited for has moved. It
 * queues an answer, or parks the request (park_visit) and returns MHD_YES.
 */
#ifndef LARDER_SERVER_SERVER_IMPL_H
#define LARDER_SERVER_SERVER_IMPL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/request.h"
#include "server/server.h"

struct clients;	   /* server/clients.h */
struct auth;	   /* server/auth.h */
struct door;	   /* server/door.h */
struct tls;	   /* server/tls.h */
struct publishing; /* store/publish.h */
struct probe;	   /* server/probe.h */
struct purge;	   /* server/purge.h */
struct uploads;	   /* store/upload.h */
struct images;	   /* server/images.h */
struct usage;	   /* store/usage.h */
struct checks;	   /* server/check.h */
struct works;	   /* server/work.h */

struct server {
	struct server_conf conf;
	struct store *store;
	struct mirror *mirror;
	struct MHD_Daemon *daemon;
	struct clients *clients;
	int listen_fd;
	uint16_t port;
	struct door *door; /* NULL: libmicrohttpd accepts */
	struct auth *auth;
	struct probe *probe;
	struct tls *tls; /* NULL: plain HTTP */
	struct works *works;
	struct purge *purge; /* NULL: sessions stay */
	struct uploads *uploads;
	struct publishing *publishing;
	struct images *images;
	struct usage *usage; /* the mirror's */
	struct checks *checks;
	int64_t started_mono_ms;
	atomic_bool stopping; /* requests end with 503 from now on */
	atomic_int active;    /* requests under way */
	atomic_int streams;   /* answers that are being copied from flights */
};

enum MHD_Result manifests_handle(struct request *rq);
enum MHD_Result blobs_handle(struct request *rq);
/* An answer that was not sent to its end: because its file could not be read? */
void blobs_cut(struct request *rq, enum MHD_RequestTerminationCode code);
enum MHD_Result lists_tags(struct request *rq);
enum MHD_Result lists_catalog(struct request *rq);
enum MHD_Result admin_health(struct request *rq);
enum MHD_Result admin_ready(struct request *rq);
enum MHD_Result admin_metrics(struct request *rq);

#endif
