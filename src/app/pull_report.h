/*
 * pull_report.h - what became of a batch of images, on standard output: a table, or a
 * JSON object a line; and the exit status that says it in short.
 */
#ifndef LARDER_APP_PULL_REPORT_H
#define LARDER_APP_PULL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/imageargs.h"
#include "app/inside.h"

struct pull_report {
	bool json;
	bool look;	/* nothing was done: it is what would be */
	bool stale_bad; /* to have a copy that could not be compared is not enough */
	int64_t took_ms;
	int64_t spent;	     /* manifests that Docker Hub was asked for; -1: not known */
	int64_t left, limit; /* pulls, as Docker Hub last said; -1: it did not */
	/* Says what changed inside images that moved; NULL: that is not said. */
	struct inside *inside;
	const char *target; /* where else the images went: "docker", ...; NULL: nowhere */
};

void pull_report_print(const struct pull_report *r, const struct imageargs *a);
/* After it has been printed: what could not be compared counts where it was asked for. */
enum exit_status pull_report_status(const struct pull_report *r,
				    const struct imageargs *a);

/* One that has moved, as inside.h wants it; points into arg. */
struct inside_moved pull_report_moved(const struct imagearg *arg);

#endif
