/*
 * others.h - downloads that another process on the same store has under way.
 *
 * Who has time, as a command that pulls ahead of builds, waits for them and then has the
 * blob; a server, whose clients wait for headers, does not: it fetches for itself.
 */
#ifndef LARDER_MIRROR_OTHERS_H
#define LARDER_MIRROR_OTHERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "oci/digest.h"

#define OTHERS_STILL_MS 10000 /* one that gets no byte for so long is not waited for */
#define OTHERS_LOOK_MS 200

struct mirror;

/* Part of a mirror: rings while anybody waits. */
struct others {
	struct bell tick;
	atomic_bool ticking;
};

void others_init(struct others *o);
void others_done(struct others *o); /* after the alarms have been stopped */

/* One wait. Zeroed at its beginning. */
struct other {
	uint64_t bytes;	  /* that it has, as last seen */
	int64_t moved_ms; /* monotonic: since when; 0: not looked at yet */
};

/* True: another process is bringing the blob and gets on; look again when *bell has rung
 * since *seen. False: nobody does, or it stands still. Any thread. */
bool others_bring(struct mirror *m, const struct digest *d, struct other *o,
		  struct bell **bell, uint64_t *seen);

#endif
