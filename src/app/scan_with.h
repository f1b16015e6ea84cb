/*
 * scan_with.h - another scanner over images of the store.
 */
#ifndef LARDER_APP_SCAN_WITH_H
#define LARDER_APP_SCAN_WITH_H

#include <stddef.h>

struct scan;

/* Trivy or Grype (s->with) over each target, with further arguments. The worst of their
 * exit statuses; 1 where one could not be run. */
int scan_with(struct scan *s, char **args, size_t n);

#endif
