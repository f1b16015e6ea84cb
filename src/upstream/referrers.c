/*
 * referrers.c - what refers to a manifest (OCI distribution-spec "Listing Referrers").
 */
#include "upstream/upstream.h"

#include <stdio.h>

#include "base/mem.h"
#include "oci/referrer.h"
#include "upstream/pages.h"

static int add_page(void *arg, struct view page, struct err *e)
{
	struct err why;

	if (referrer_list(page, arg, &why) == 0)
		return 0;
	return err_set(e, why.kind == ERR_LIMIT ? ERR_LIMIT : ERR_UPSTREAM, "%s",
		       why.msg);
}

int upstream_list_referrers(struct upstream *u, const struct reponame *name,
			    const struct digest *subject, int64_t deadline_ms,
			    struct buf *out, struct err *e)
{
	char path[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 32], text[DIGEST_TEXT_MAX];
	struct pages p = { "referrers", "Accept: " MEDIATYPE_OCI_INDEX, path, add_page,
			   out };

	digest_text(subject, text);
	snprintf(path, sizeof(path), "/v2/%s/referrers/%s", name->s, text);
	return pages_get(u, name, &p, deadline_ms, e);
}
