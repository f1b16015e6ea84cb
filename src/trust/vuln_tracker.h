/*
 * vuln_tracker.h - what Debian's security tracker says of all its source packages
 * (security-tracker.debian.org/tracker/data/json, about 70 MB).
 *
 * {"zlib": {"CVE-2022-37434": {"releases": {"bookworm": {"status": "resolved",
 * "fixed_version": "1:1.2.11.dfsg-4.1", "urgency": "not yet assigned"}}}}}. Fixed version
 * "0" says that the release has never been affected; status is open, resolved or
 * undetermined; nodsa says why there will be no advisory of its own.
 */
#ifndef LARDER_TRUST_VULN_TRACKER_H
#define LARDER_TRUST_VULN_TRACKER_H

#include "base/err.h"
#include "trust/vuln.h"

struct vuln_count;

/* fd is read from its beginning, by offset. ERR_INVALID: it is no such file, or cut; what
 * came before the damage has been taken. */
int vuln_tracker_read(struct vuln *v, int fd, struct vuln_count *count, struct err *e);

#endif
