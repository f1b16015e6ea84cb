/*
 * purge.h - sessions of uploads that nobody came back to are removed now and then.
 */
#ifndef LARDER_SERVER_PURGE_H
#define LARDER_SERVER_PURGE_H

#include <stdint.h>

#include "server/work.h"
#include "store/upload.h"

struct purge;

/* Every interval_ms, beginning soon after the start; what is borrowed outlives it. */
struct purge *purge_start(struct works *ws, struct uploads *us, int64_t age_ms,
			  int64_t interval_ms);
void purge_stop(struct purge *p); /* no new look begins; NULL is fine */
void purge_free(struct purge *p); /* after works_stop; NULL is fine */

#endif
