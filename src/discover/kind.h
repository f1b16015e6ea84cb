/*
 * kind.h - what a file is, by its name and the folders it is in.
 */
#ifndef LARDER_DISCOVER_KIND_H
#define LARDER_DISCOVER_KIND_H

#include <stdbool.h>

enum kind {
	KIND_NONE, /* names no images */
	KIND_DOCKERFILE,
	KIND_COMPOSE,
	KIND_WORKFLOW, /* GitHub Actions */
	KIND_ACTION,
	KIND_GITLAB,
	KIND_DEVCONTAINER,
	KIND_KUSTOMIZE,
	KIND_SKAFFOLD,
	KIND_YAML, /* its content has to say */
	KIND_JSON, /* the same */
	KIND_LIST,
	KIND_CHART,    /* Chart.yaml */
	KIND_VALUES,   /* of a chart */
	KIND_TEMPLATE, /* of a chart */
};

enum kind kind_of(const char *path);
/* The same for a file that was given by name: it must be something. */
enum kind kind_given(const char *path);
/* Of a file below a chart's folder, path with respect to it; KIND_NONE: as elsewhere. */
enum kind kind_in_chart(const char *path);
/* A folder of other people's sources, or of no sources at all. */
bool kind_passed_over(const char *folder);

#endif
