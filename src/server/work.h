/*
 * work.h - what a request has the disk do, on a thread that may wait for it.
 *
 * The request is parked meanwhile. If its client leaves, the work ends all the same.
 */
#ifndef LARDER_SERVER_WORK_H
#define LARDER_SERVER_WORK_H

#include <microhttpd.h>
#include <stddef.h>

#include "base/err.h"
#include "oci/ocierr.h"
#include "server/request.h"

struct works;

/* name is the threads'; most: works under way or waiting at once. */
struct works *works_new(const char *name, unsigned threads, size_t most);
void works_stop(struct works *ws); /* waits for what is under way; NULL is fine */

/* fn(arg) runs once on another thread; its error, or 0, is what work_result gives. arg is
 * taken over and freed by arg_free when request and work have both ended. The request is
 * parked; its handler is called again. At the limit on work under way: answered with 429.
 */
enum MHD_Result work_start(struct request *rq, int (*fn)(void *arg, struct err *e),
			   void *arg, void (*arg_free)(void *arg));

/* The same on other threads than the server's own. */
enum MHD_Result work_start_on(struct works *ws, struct request *rq,
			      int (*fn)(void *arg, struct err *e), void *arg,
			      void (*arg_free)(void *arg));

/* Of no request: fn(arg) once, unless too much is under way. */
void work_aside(struct works *ws, void (*fn)(void *arg), void *arg);

enum work_state {
	WORK_NONE,
	WORK_PARKED, /* still under way; the request waits again */
	WORK_DONE,
	WORK_FAILED, /* *e */
};
enum work_state work_look(struct request *rq, struct err *e);
void *work_arg(struct request *rq); /* of what is done; lives as long as the request */

/* A handler that is that and no more: start(rq) begins the work, answer(rq, arg) says
 * what came of it; invalid is the code where it failed with ERR_INVALID. */
enum MHD_Result work_run(struct request *rq, enum MHD_Result (*start)(struct request *rq),
			 enum MHD_Result (*answer)(struct request *rq, void *arg),
			 enum ocierr_code invalid);

#endif
