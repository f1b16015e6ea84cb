/*
 * report.h - what `larder status` has found, for people or as JSON.
 */
#ifndef LARDER_APP_REPORT_H
#define LARDER_APP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/json.h"
#include "store/facts.h"
#include "store/scrub.h"

#define REPORT_MAX_BYTES (2u << 20)

struct report {
	/* of a store; root NULL: none was looked into */
	const char *root;
	bool in_use; /* a process has it open to write */
	bool walked; /* what follows is known */
	uint64_t images;
	int64_t unique_bytes; /* -1: not known */
	struct facts facts;
	struct scrub_state scrub;
	struct view kept; /* upstreams and their quotas, as JSON; n 0: not known */
	const struct json *upstreams; /* the same, read; or NULL */
	/* of a larder that serves; url NULL: none was asked */
	const char *url;
	const char *why_not;	   /* it did not answer */
	struct view answer;	   /* its status, as it came */
	const struct json *server; /* the same, read; NULL: none */
};

/* -1: over out's limit. */
int report_text(struct buf *out, const struct report *r);
int report_json(struct buf *out, const struct report *r);

#endif
