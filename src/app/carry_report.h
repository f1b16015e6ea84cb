/*
 * carry_report.h - what became of images that were carried: a table, or a JSON object
 * a line, and one for all.
 */
#ifndef LARDER_APP_CARRY_REPORT_H
#define LARDER_APP_CARRY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/options.h"
#include "oci/digest.h"

struct carry_row {
	const char *image, *result;	      /* borrowed for the call */
	const struct digest *digest, *before; /* NULL: none */
	uint64_t bytes;
	size_t carried, listed; /* platforms of an index; listed 0: none */
	bool made;		/* its manifest was made here */
	const char *error;	/* NULL: it went well */
};

struct carry_sum {
	size_t images, failed;
	uint64_t bytes, blobs;		     /* written or brought */
	uint64_t spared_bytes, spared_blobs; /* there already */
	uint64_t gone_bytes, gone_blobs;     /* pruned */
	size_t about;			     /* referrers that went along */
	int64_t took_ms;
	bool dry_run;
	const char *what;   /* "written", "brought" */
	const char *output; /* where to; NULL: not said */
};

struct carry_report {
	FILE *to; /* standard error, where standard output is the archive */
	bool json;
	int width; /* of names, of a table; see carry_report_fit */
};

void carry_report_fit(struct carry_report *r, const char *image);
void carry_report_head(const struct carry_report *r);
void carry_report_row(const struct carry_report *r, const struct carry_row *row);
void carry_report_sum(const struct carry_report *r, const struct carry_sum *s);
enum exit_status carry_report_status(const struct carry_sum *s);

#endif
