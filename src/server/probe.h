/*
 * probe.h - the image that larder answers itself: proof that a pull came this way.
 *
 * Clients fall back to the registry itself when a mirror does not answer, and say
 * nothing. So `larder doctor` has them pull library/larder-probe:probe-<nonce> of Docker
 * Hub, which nobody there can make (names in `library` are Docker's own to give), and
 * which is made here, in memory, for whoever asks: its configuration has the labels
 * larder.instance (this process) and larder.nonce. No upstream is asked for any name in
 * that repository, and nothing of it is stored.
 */
#ifndef LARDER_SERVER_PROBE_H
#define LARDER_SERVER_PROBE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/err.h"
#include "server/request.h"

#define PROBE_REPOSITORY "library/larder-probe"
#define PROBE_RECENT 64 /* nonces whose blobs can still be asked for */

struct probe;

int probe_new(struct probe **out, struct err *e);
void probe_free(struct probe *p); /* NULL is fine */
/* 32 hexadecimal digits, random, of this process; also the header Larder-Instance of
 * /v2/, /healthz and /readyz. */
const char *probe_instance(const struct probe *p);

/* Is a routed request one for the probe's repository, mirrored from Docker Hub or the
 * default upstream? */
bool probe_is(const struct request *rq);
/* Answers it: manifests by tag `probe-[a-z0-9]{8,32}`, and what those name. */
enum MHD_Result probe_handle(struct request *rq);

#endif
