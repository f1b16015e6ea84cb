/*
 * dockers.h - the Dockerfiles of a discovery: each by itself, and once more for each file
 * that has an image built from it, with the arguments given there.
 */
#ifndef LARDER_DISCOVER_DOCKERS_H
#define LARDER_DISCOVER_DOCKERS_H

#include "discover/run.h"

/* All of the run's. -1: ERR_LIMIT. */
int dockers_read(struct run *run, struct err *e);

#endif
