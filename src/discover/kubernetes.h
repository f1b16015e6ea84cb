/*
 * kubernetes.h - the images that Kubernetes manifests name.
 *
 * Wherever a manifest has containers, initContainers or ephemeralContainers, or a volume
 * that is an image: so every kind of workload is read, those that others have made, and
 * lists of them. Not read: definitions of kinds, and texts in ConfigMaps.
 */
#ifndef LARDER_DISCOVER_KUBERNETES_H
#define LARDER_DISCOVER_KUBERNETES_H

#include <stdbool.h>

#include "discover/reading.h"

/* apiVersion and kind are there. */
bool kubernetes_is(const struct yaml *doc);
void kubernetes_read(struct reading *r, const struct yaml *doc);
/* The images: of a kustomization: other names, tags and digests for what it puts
 * together. */
bool kubernetes_is_kustomization(const struct yaml *doc);
void kubernetes_kustomize(struct reading *r, const struct yaml *doc);

#endif
