/*
 * devcontainer.h - the image that a devcontainer.json names (containers.dev reference):
 * image, build or dockerFile, and the compose files that it uses.
 *
 * ${localEnv:NAME} and ${localEnv:NAME:DEFAULT} are variables of the environment.
 * Features are no images.
 */
#ifndef LARDER_DISCOVER_DEVCONTAINER_H
#define LARDER_DISCOVER_DEVCONTAINER_H

#include "discover/reading.h"

void devcontainer_read(struct reading *r, const struct yaml *doc);

#endif
