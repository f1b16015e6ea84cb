/*
 * scan_sarif_list.h - the findings of all images in the two orders of a SARIF log.
 */
#ifndef LARDER_APP_SCAN_SARIF_LIST_H
#define LARDER_APP_SCAN_SARIF_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "trust/vuln.h"

struct scan;
struct scan_target;

/* A finding of an image; target and finding are borrowed. */
struct scan_sarif_entry {
	const struct scan_target *target;
	const struct vuln_finding *finding;
	bool shown;   /* by --severity and --fixable */
	size_t rule;  /* of those that are shown: its index in the log's rules */
	unsigned nth; /* of those of its image with the same id and package; from 1 */
};

struct scan_sarif_list {
	struct scan_sarif_entry
		*entry; /* all, in the order of images and their findings */
	size_t n;
	/* Those that are shown, by id, then kind, package, version and fix. */
	const struct scan_sarif_entry **sorted;
	size_t shown, rules;
	bool has_exceptions; /* one of them does not count */
};

/* After vuln_finish. */
void scan_sarif_list_make(struct scan *s, struct scan_sarif_list *out);
void scan_sarif_list_done(struct scan_sarif_list *r);

#endif
