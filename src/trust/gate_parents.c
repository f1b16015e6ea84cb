/*
 * gate_parents.c - no state of its own.
 */
#include "trust/gate_parents.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "oci/manifest.h"
#include "store/list.h"
#include "store/mstore.h"
#include "store/tag.h"

static bool names(const struct stored *m, const struct digest *d)
{
	struct manifest parsed;
	bool found = false;
	size_t i;

	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) != 0)
		return false;
	for (i = 0; parsed.kind == MANIFEST_INDEX && i < parsed.nchildren && !found; i++)
		found = parsed.child[i].is_manifest &&
			digest_equal(&parsed.child[i].digest, d);
	manifest_done(&parsed);
	return found;
}

size_t gate_parents_find(struct store *s, const struct reponame *name,
			 const struct digest *d, struct gate_parent *out)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(LIST_MAX_BYTES);
	size_t n = 0, at, read = 0;
	struct stored *m;
	struct digest leads;
	bool more;

	if (list_tags(s, name, "", GATE_PARENTS_TAGS, &tags, &more, NULL) != 0)
		return 0;
	for (at = 0; at < tags.n && n < GATE_PARENTS_MAX && read < GATE_PARENTS_BYTES;
	     at += strlen(tags.p + at) + 1) {
		const char *tag = tags.p + at;

		if (tag_get(s, name, tag, &leads, NULL) != 0 ||
		    mstore_peek(s, name, &leads, &m, NULL) != 0)
			continue;
		read += m->n;
		if (!digest_equal(&leads, d) && !names(m, d)) {
			stored_unref(m);
			continue;
		}
		out[n].index = m;
		snprintf(out[n].tag, sizeof(out[n].tag), "%s", tag);
		n++;
	}
	return n;
}
