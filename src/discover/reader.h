/*
 * reader.h - reads one file of a discovery as what it is.
 */
#ifndef LARDER_DISCOVER_READER_H
#define LARDER_DISCOVER_READER_H

#include "discover/run.h"

/* Any file but Dockerfiles and what is part of a chart. -1: ERR_LIMIT. */
int reader_file(struct run *run, struct run_file *f, struct err *e);

#endif
