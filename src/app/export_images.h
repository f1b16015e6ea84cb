/*
 * export_images.h - which images `larder export` is to write.
 */
#ifndef LARDER_APP_EXPORT_IMAGES_H
#define LARDER_APP_EXPORT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "app/imageargs.h"
#include "base/err.h"
#include "carry/export.h"
#include "mirror/route.h"
#include "store/store.h"

struct export_images {
	/* filled by the caller; borrowed */
	struct store *store;
	struct plan *plan;
	bool docker;  /* names are as engines want them */
	bool is_open; /* of images without platforms of their own, what is here; else: */
	struct platform *platform;
	size_t nplatforms;  /* 0: all */
	const char *rename; /* of one image; NULL: none */
	/* out */
	struct export_image *image; /* those that are not in the store have failed */
	char **shown;		    /* as people write them */
	size_t n;
	/* its own */
	char (*tag)[TAG_MAX_BYTES + 1];
};

/* Those that were named, or (args NULL) every tag that there is. export_images_done in
 * any case. */
int export_images_find(struct export_images *x, const struct imageargs *args,
		       struct err *e);
void export_images_done(struct export_images *x); /* also when zeroed */

#endif
