/*
 * github.h - the images that GitHub Actions' workflows and actions name.
 *
 * container and services of jobs, with each value that the matrix gives; uses: docker://
 * and runs.image. Of expressions there are matrix.*, inputs.* with a default, texts, and
 * "||" between them.
 */
#ifndef LARDER_DISCOVER_GITHUB_H
#define LARDER_DISCOVER_GITHUB_H

#include "discover/reading.h"

void github_workflow(struct reading *r, const struct yaml *doc);
void github_action(struct reading *r, const struct yaml *doc);

#endif
