/*
 * access.h - what is counted and logged of each request, when it has ended.
 */
#ifndef LARDER_SERVER_ACCESS_H
#define LARDER_SERVER_ACCESS_H

#include "server/request.h"

/* complete: the client got the whole answer. Authorization is never looked at. */
void access_ended(struct request *rq, bool complete);

#endif
