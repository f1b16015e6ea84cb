/*
 * lock_report.h - what `larder lock` has done or found: a table, or a JSON object a line.
 */
#ifndef LARDER_APP_LOCK_REPORT_H
#define LARDER_APP_LOCK_REPORT_H

#include <stdbool.h>

#include "app/inside.h"
#include "app/lock_items.h"

struct lock_report {
	const char *path; /* of the lock file */
	bool json;
	bool check;   /* nothing was to be written */
	bool dry_run; /* nothing was written, but would have been */
	bool written;
	size_t entries; /* that the file has now */
	/* Says what changed inside images whose locks moved; NULL: that is not said. */
	struct inside *inside;
};

void lock_report_print(const struct lock_report *r, const struct lock_items *items);
/* The same as a page for the pull request that changes the file. */
void lock_report_page(const struct lock_report *r, const struct lock_items *items);
/* One that has moved, as inside.h wants it; points into the item. */
struct inside_moved lock_report_moved(const struct lock_item *it);

#endif
