/*
 * agent.h - what a client says of itself.
 *
 * Docker's daemon sends "docker/27.3.1 go/go1.22 ... os/linux arch/amd64
 * UpstreamClient(...)" (moby, dockerversion/useragent.go); of what containerd, podman and
 * the others send nothing is made. It is a hint, and anybody may send it.
 */
#ifndef LARDER_SERVER_AGENT_H
#define LARDER_SERVER_AGENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "oci/platform.h"

/* The platform that a client with that User-Agent runs on, and most likely pulls for.
 * False: it does not say; *out is empty. */
bool agent_platform(struct view agent, struct platform *out);

#endif
