/*
 * explain.h - what libcurl's error codes mean, for people and for metrics.
 */
#ifndef LARDER_UPSTREAM_EXPLAIN_H
#define LARDER_UPSTREAM_EXPLAIN_H

#include <curl/curl.h>

#include "base/err.h"
#include "upstream/transport.h"

/* Fill *e (ERR_UPSTREAM) and a->outcome for a transfer that ended with code; detail is
 * libcurl's error buffer. Returns -1. */
int explain_failure(CURL *easy, CURLcode code, const char *detail,
		    const struct transport_request *req, struct transport_answer *a,
		    struct err *e);

#endif
