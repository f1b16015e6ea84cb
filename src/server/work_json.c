/*
 * work_json.c - one buffer, filled there and sent from here.
 */
#include "server/work_json.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/reply.h"

struct job {
	struct server *server;
	int (*make)(struct server *s, struct buf *out, struct err *e);
	struct buf json;
};

static int run(void *arg, struct err *e)
{
	struct job *j = arg;

	return j->make(j->server, &j->json, e);
}

static void job_free(void *arg)
{
	struct job *j = arg;

	buf_done(&j->json);
	free(j);
}

enum MHD_Result work_json(struct works *ws, struct request *rq,
			  int (*make)(struct server *s, struct buf *out, struct err *e),
			  size_t most)
{
	struct job *j;
	struct err e;

	switch (work_look(rq, &e)) {
	case WORK_PARKED:
		return MHD_YES;
	case WORK_NONE:
		j = mem_alloc(sizeof(*j));
		j->server = rq->server;
		j->make = make;
		buf_init(&j->json, most);
		return work_start_on(ws, rq, run, j, job_free);
	case WORK_DONE:
		j = work_arg(rq);
		return reply_text(rq, MHD_HTTP_OK, "application/json",
				  buf_view(&j->json));
	default:
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	}
}
