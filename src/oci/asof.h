/*
 * asof.h - names as of a date: `asof-2026-11-01/library/python`, where the tag means what
 * it meant then.
 *
 * The first component of a repository's name that begins with "asof-" and a digit is a
 * date: `asof-YYYY-MM-DD` is the end of that day, `asof-YYYY-MM-DDtHHMMz` that minute's
 * beginning, both UTC. All clients' reference grammars take it. It has to be past, so
 * that such a name means one thing for ever. Pure; any thread.
 */
#ifndef LARDER_OCI_ASOF_H
#define LARDER_OCI_ASOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/reference.h"

bool asof_is(const char *name); /* is it a name as of a date, right or wrong? */
/* Of such a name: what follows the date, and the time (wall clock, ms). ERR_INVALID: no
 * date, not past, or no name after it; the message says which and how it is written. */
int asof_split(const struct reponame *name, int64_t now_ms, struct reponame *rest,
	       int64_t *ms, struct err *e);
/* A date as people type it: as above without "asof-", or RFC 3339 in full
 * ("2026-11-01T12:30:00Z"). ERR_INVALID as above. */
int asof_date(struct view text, int64_t now_ms, int64_t *ms, struct err *e);

#endif
