/*
 * park.c - suspending and resuming connections. No state of its own.
 */
#include "server/park.h"

#include "server/clients.h"
#include "server/server_impl.h"

static void resume(void *arg)
{
	MHD_resume_connection(arg);
}

void park_suspend(struct request *rq, struct bell *b, uint64_t seen)
{
	rq->waiter = (struct waiter){ .wake = resume, .arg = rq->conn };
	rq->parked = true;
	MHD_suspend_connection(rq->conn);
	client_park(rq->server->clients, rq->client, b, &rq->waiter, &rq->gone);
	if (!bell_wait(b, seen, &rq->waiter))
		MHD_resume_connection(rq->conn);
}

bool park_resumed(struct request *rq)
{
	if (!rq->parked)
		return true;
	client_unpark(rq->server->clients, rq->client);
	rq->parked = false;
	return !atomic_load(&rq->gone);
}

enum MHD_Result park_visit(struct request *rq)
{
	park_suspend(rq, rq->visit.bell, rq->visit.seen);
	return MHD_YES;
}
