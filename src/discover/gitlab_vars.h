/*
 * gitlab_vars.h - the variables of a GitLab CI job, and the rows of its matrix.
 */
#ifndef LARDER_DISCOVER_GITLAB_VARS_H
#define LARDER_DISCOVER_GITLAB_VARS_H

#include "codec/yaml.h"
#include "discover/vars.h"

#define GITLAB_VARS_MAX_ROWS 200 /* GitLab's own limit for parallel: matrix */

/* NAME: VALUE, and NAME: {value: VALUE}; list may be NULL. */
void gitlab_vars_read(struct vars *v, const struct yaml *map);
/* Puts variables into the values of others, as far as these are known. */
void gitlab_vars_settle(struct vars *v);
/* parallel: matrix, a list of maps of NAME: [VALUE...]: calls each with the variables v
 * and those of each row; once with v if there is no matrix. */
void gitlab_vars_rows(const struct yaml *matrix, const struct vars *v,
		      void (*each)(void *arg, const struct vars *row), void *arg);
/* text with the variables that are known; the others stay as they are. To be freed. */
char *gitlab_vars_known(const struct vars *v, const char *text);

#endif
