/*
 * status_check.h - what `larder status` does about pull quotas: shows what a store keeps
 * of them, and has upstreams asked, by a larder that serves or by this process.
 */
#ifndef LARDER_APP_STATUS_CHECK_H
#define LARDER_APP_STATUS_CHECK_H

#include "app/remote.h"
#include "settings/settings.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

/* The upstreams of the settings, with what the store keeps of their quotas, as an array
 * (mirror/sites.h). check: asks them first, *failed is how many did not answer, which has
 * been said on standard error; and writes what they said. */
int status_check_kept(const struct settings *s, struct store *store, bool check,
		      struct buf *out, unsigned *failed, struct err *e);
/* Has the larder ask. *failed as above; -1: it does not answer. */
int status_check_remote(struct remote *r, unsigned *failed, struct err *e);

#endif
