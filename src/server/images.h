/*
 * images.h - GET /larder/v1/images: the inventory, page by page (docs/api.md).
 *
 * One thread makes all pages, one after the other, since each may go through the whole
 * store. What it knows of shared blobs is kept for a minute, for the next page.
 */
#ifndef LARDER_SERVER_IMAGES_H
#define LARDER_SERVER_IMAGES_H

#include <microhttpd.h>

#include "server/request.h"

struct images;

struct images *images_new(void);
void images_free(struct images *im); /* waits for what is under way; NULL is fine */
/* Work on that thread, for a handler; see server/work.h. */
struct works *images_works(struct images *im);

enum MHD_Result images_handle(struct request *rq);

#endif
