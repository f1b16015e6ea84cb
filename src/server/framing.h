/*
 * framing.h - does a request's header say clearly whether a body follows?
 *
 * Where two readers of one connection (larder, and a proxy before it) may disagree on
 * that, one takes for a body what the other takes for the next request. RFC 9112
 * sections 5.1, 5.2, 6.1, 6.3 and 11.2.
 */
#ifndef LARDER_SERVER_FRAMING_H
#define LARDER_SERVER_FRAMING_H

#include <microhttpd.h>

enum framing {
	FRAMING_NO_BODY,
	FRAMING_BODY,	 /* a length other than 0, or a transfer coding */
	FRAMING_UNCLEAR, /* refuse it, and close the connection */
};

enum framing framing_of(struct MHD_Connection *conn);

#endif
