/*
 * sending.h - a request's body on its way into libcurl.
 */
#ifndef LARDER_UPSTREAM_SENDING_H
#define LARDER_UPSTREAM_SENDING_H

#include <curl/curl.h>

#include "upstream/transport.h"

/* Lives as long as the transfer. */
struct sending {
	const struct transport_body *body; /* NULL: none, then all of this is idle */
	struct err *e;			   /* filled when the body's own functions fail */
	bool failed;
	bool all_sent;	 /* its last byte is libcurl's */
	int64_t last_ms; /* monotonic: when libcurl last took some */
	uint64_t sent;
};

void sending_set(CURL *h, struct sending *s, const char *method);
/* Not all of it has gone. */
bool sending_is_on(const struct sending *s);

#endif
