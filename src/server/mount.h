/*
 * mount.h - may a blob be mounted (OCI distribution-spec "Mounting a blob from another
 * repository")?
 *
 * Only from where it is visible and this client may pull; also from what is mirrored.
 */
#ifndef LARDER_SERVER_MOUNT_H
#define LARDER_SERVER_MOUNT_H

#include <stdbool.h>

#include "oci/digest.h"
#include "server/request.h"

/* from: a repository as clients name it, of any form. */
bool mount_from(struct request *rq, const char *from, const struct digest *d);
/* From any; of very many repositories only some are looked through. */
bool mount_from_any(struct request *rq, const struct digest *d);

#endif
