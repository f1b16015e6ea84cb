/*
 * changes.h - putting and deleting manifests, tags and blobs.
 */
#ifndef LARDER_SERVER_CHANGES_H
#define LARDER_SERVER_CHANGES_H

#include <microhttpd.h>

#include "server/intake.h"
#include "server/request.h"

/* The header of a PUT of a manifest has been read. */
enum intake_verdict changes_begin(struct request *rq);
enum MHD_Result changes_manifest(struct request *rq); /* PUT and DELETE */
enum MHD_Result changes_blob(struct request *rq);     /* DELETE */

#endif
