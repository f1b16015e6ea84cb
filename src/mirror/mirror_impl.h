/*
 * mirror_impl.h - what a mirror is made of, for the files that answer from it. Not for
 * other folders.
 */
#ifndef LARDER_MIRROR_MIRROR_IMPL_H
#define LARDER_MIRROR_MIRROR_IMPL_H

#include <pthread.h>

#include "base/alarm.h"
#include "base/lanes.h"
#include "mirror/drift.h"
#include "mirror/fetch.h"
#include "mirror/flight.h"
#include "mirror/kept.h"
#include "mirror/mirror.h"
#include "mirror/others.h"
#include "mirror/task.h"

struct mirror {
	struct store *store;
	struct lanes *lanes; /* of the upstreams' hosts */
	struct tasks *tasks; /* checks, manifests, sizes, lists */
	struct flights *flights;
	struct alarms *alarms;
	struct fetch fetch;
	struct kept *kept;
	struct others others;
	struct drifts *drifts;
	_Atomic int64_t cut_ms; /* of suspect_cut: when one was last hashed; monotonic */
	pthread_mutex_t mu;
	struct plan *plan; /* guarded by mu */
};

#endif
