/*
 * metrics.h - counters and gauges, rendered in the Prometheus text format (version
 * 0.0.4).
 *
 * A family is made once, at start; a cell is one combination of label values. Cells live
 * as long as the process, so their pointers may be kept. A family holds at most 512
 * cells; past that every new combination shares one whose label values are all "other".
 * Any thread; adding is one atomic operation.
 */
#ifndef LARDER_BASE_METRICS_H
#define LARDER_BASE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };
#define METRIC_MAX_LABELS 4

struct metric;
typedef _Atomic int64_t metric_cell;

/* A gauge that is set to it is not known, and neither shown nor counted in a sum. */
#define METRIC_NONE INT64_MIN

/* name and help are static; labels is a static list like "kind,outcome", "" for none.
 * Asking for a name again gives the same family. */
struct metric *metrics_family(enum metric_type type, const char *name, const char *labels,
			      const char *help);
/* values in the order of the labels, as many as there are labels. */
metric_cell *metrics_cell(struct metric *m, const char *v1, const char *v2,
			  const char *v3, const char *v4);

/* None of its gauges is known any more. */
void metrics_clear(struct metric *m);

static inline void metrics_add(metric_cell *c, int64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline void metrics_set(metric_cell *c, int64_t n)
{
	atomic_store_explicit(c, n, memory_order_relaxed);
}

/* The sum over the cells of a family that have these label values (label NULL: any).
 * False: there is no such cell. */
bool metrics_sum(const char *name, const char *label1, const char *value1,
		 const char *label2, const char *value2, int64_t *out);

int metrics_render(struct buf *out); /* -1 when out's limit is too small */

#endif
