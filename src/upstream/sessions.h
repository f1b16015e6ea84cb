/*
 * sessions.h - idle HTTP connections, kept for the next request to the same place.
 *
 * libcurl 7.88 cannot share connections between threads, so each lives in a multi handle
 * of its own that one thread at a time has: taken for a request, given back after it. The
 * last one given is the first one taken, so that those which are not needed grow old and
 * go.
 */
#ifndef LARDER_UPSTREAM_SESSIONS_H
#define LARDER_UPSTREAM_SESSIONS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SESSIONS_MAX_IDLE 32
#define SESSIONS_MAX_AGE_MS 90000

struct session {
	CURLM *multi;
	CURL *easy; /* without options but the shared DNS and TLS caches */
	char *key;
	int64_t idle_since_ms;
	struct session *next;
};

int sessions_init(struct err *e);
void sessions_done(void); /* nobody has a session any more */
/* One for "scheme://host:port", with a connection if there is an idle one. NULL: no
 * memory. */
struct session *sessions_take(const char *key);
/* keep: it ended well and its connection may be used again. */
void sessions_give(struct session *s, bool keep);
/* Close what has been idle for too long. Done by take and give too. */
void sessions_sweep(void);

#endif
