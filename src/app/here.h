/*
 * here.h - the machine that larder runs on.
 */
#ifndef LARDER_APP_HERE_H
#define LARDER_APP_HERE_H

#include "oci/platform.h"

/* As images name it: "linux/amd64", "linux/arm64", "linux/arm/v7". */
void here_platform(struct platform *out);

#endif
