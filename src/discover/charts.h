/*
 * charts.h - the Helm charts of a discovery: which files are part of one, and reading
 * them together.
 */
#ifndef LARDER_DISCOVER_CHARTS_H
#define LARDER_DISCOVER_CHARTS_H

#include "discover/run.h"

#define CHARTS_MAX_BYTES (32u << 20) /* of the files of one chart */

struct run_chart {
	char *dir;
	struct run_file *chart; /* Chart.yaml */
	struct run_file **part; /* values and templates */
	size_t parts;
	struct run_chart *next;
};

/* Finds the charts among the files, and gives them their parts. charts_free. */
struct run_chart *charts_sort(struct run *run);
/* -1: ERR_LIMIT. */
int charts_read(struct run *run, struct run_chart *chart, struct err *e);
void charts_free(struct run_chart *chart);

#endif
