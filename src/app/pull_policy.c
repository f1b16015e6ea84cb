/*
 * pull_policy.c - a gate of the command's own.
 */
#include "app/pull_policy.h"

#include <stdio.h>

#include "base/mem.h"
#include "store/mstore.h"
#include "trust/policy_file.h"

int pull_policy_open(struct pull_policy *p, const struct settings *s, struct mirror *m,
		     struct err *e)
{
	CLEANUP(policy_file_done)
	struct policy_file file = { 0 };

	if (s->policy != NULL && policy_file_read(s->policy, &file, e) != 0)
		return -1;
	p->gate = gate_new(m, mirror_usage(m));
	gate_set(p->gate, TAKE(file.policies), buf_str(&file.signers), file.signers.n);
	return 0;
}

void pull_policy_close(struct pull_policy *p)
{
	gate_free(TAKE(p->gate));
}

int pull_policy_hand(void *arg, struct batch_image *im, bool *handed, struct err *e)
{
	struct pull_policy *p = arg;
	struct reference ref = imageref_reference(&im->image);
	struct stored *root;
	struct gate_say say;
	int rc;

	if (mstore_get(p->store, &im->route.name, &im->done.digest, &root, e) != 0)
		return -1;
	rc = gate_check(p->gate, &im->route, &ref, root, &say, e);
	stored_unref(root);
	if (rc != 0)
		return -1;
	if (say.warn)
		fprintf(stderr, "larder %s: %s\n", p->command, say.why);
	return p->hand(p->arg, im, handed, e);
}
