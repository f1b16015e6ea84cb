/*
 * gitlab.h - the images that GitLab CI files name.
 *
 * image and services of jobs, of default and at the top, with the variables that the
 * file, the jobs it extends and the job itself set, and each row of parallel: matrix;
 * local includes, extends and !reference as GitLab resolves them. What it includes from
 * elsewhere is not seen.
 */
#ifndef LARDER_DISCOVER_GITLAB_H
#define LARDER_DISCOVER_GITLAB_H

#include "discover/reading.h"

#define GITLAB_MAX_FILES 100	/* that one includes */
#define GITLAB_MAX_CHAIN 11	/* extends of extends: GitLab's own limit */
#define GITLAB_MAX_STEPS 200000 /* jobs looked into for others that extend them */

#define GITLAB_MAX_ROWS 20000 /* jobs, each row of their matrices for itself */

void gitlab_read(struct reading *r, const struct reading_doc *docs);

#endif
