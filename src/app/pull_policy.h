/*
 * pull_policy.h - larder.policy for images that leave the store by a command: to an
 * engine or to another registry goes what would be served.
 */
#ifndef LARDER_APP_PULL_POLICY_H
#define LARDER_APP_PULL_POLICY_H

#include "settings/settings.h"
#include "mirror/batch.h"
#include "trust/gate.h"

struct pull_policy {
	const char *command; /* for messages */
	struct store *store;
	/* What is to be done with an image that passes, as in struct batch. */
	int (*hand)(void *arg, struct batch_image *im, bool *handed, struct err *e);
	void *arg;
	struct gate *gate; /* its own */
};

/* Reads the policies, where the settings name some. All of p but gate is set, borrowed.
 */
int pull_policy_open(struct pull_policy *p, const struct settings *s, struct mirror *m,
		     struct err *e);
void pull_policy_close(struct pull_policy *p); /* also when zeroed */
/* For batch.hand; arg is a struct pull_policy. ERR_DENIED: it must be signed, and is not.
 */
int pull_policy_hand(void *arg, struct batch_image *im, bool *handed, struct err *e);

#endif
