/*
 * pull_signed.h - signatures brought into the store after their image, so that it can be
 * verified where there is no network.
 */
#ifndef LARDER_APP_PULL_SIGNED_H
#define LARDER_APP_PULL_SIGNED_H

#include "mirror/batch.h"

struct pull_signed { /* borrowed */
	struct mirror *mirror;
	enum visit_for who;
	/* What else is to be done with the image, as in struct batch; NULL: nothing. */
	int (*hand)(void *arg, struct batch_image *im, bool *handed, struct err *e);
	void *arg;
};

/* For batch.hand; arg is a struct pull_signed. That there are none is fine; that it is
 * not known whether there are fails, unless the image itself could not be compared. */
int pull_signed_hand(void *arg, struct batch_image *im, bool *handed, struct err *e);

#endif
