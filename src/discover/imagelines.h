/*
 * imagelines.h - the images of a plain list, one a line (oci/imagelist.h).
 */
#ifndef LARDER_DISCOVER_IMAGELINES_H
#define LARDER_DISCOVER_IMAGELINES_H

#include "discover/reading.h"

void imagelines_read(struct reading *r);

#endif
