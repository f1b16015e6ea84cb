/*
 * scan_sarif_result.h - a result of a SARIF log (SARIF 2.1.0, 3.27), and what a
 * notification has of the same kind.
 */
#ifndef LARDER_APP_SCAN_SARIF_RESULT_H
#define LARDER_APP_SCAN_SARIF_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/scan_sarif_list.h"
#include "base/buf.h"
#include "codec/jsonout.h"

/* has_suppressions: of all results of a log or of none (3.27.23). */
void scan_sarif_result(struct scan *s, const struct scan_sarif_entry *at,
		       bool has_suppressions, struct jsonout *j);

/* Appends what somebody else chose to a plain text message, at most `most` bytes of it
 * but for escapes. */
void scan_sarif_result_plain(struct buf *b, const char *text, size_t most);
/* "app:1 (linux/amd64)" */
void scan_sarif_result_image(struct buf *b, const struct scan_target *t);
/* "message" and "physicalLocation", members of an object. */
void scan_sarif_result_message(struct jsonout *j, const struct buf *text);
void scan_sarif_result_place(const struct scan_target *t, bool has_region,
			     struct jsonout *j);

#endif
