/*
 * tekton.h - the images that Tekton's tasks and pipelines name (tekton.dev v1, v1beta1).
 *
 * Steps, sidecars, stepTemplate and StepActions, in Task, ClusterTask, TaskRun, Pipeline
 * and PipelineRun; $(params.NAME) has the value that is given in the same file, or its
 * default.
 */
#ifndef LARDER_DISCOVER_TEKTON_H
#define LARDER_DISCOVER_TEKTON_H

#include <stdbool.h>

#include "discover/reading.h"

bool tekton_is(const struct yaml *doc);
void tekton_read(struct reading *r, const struct yaml *doc);

#endif
