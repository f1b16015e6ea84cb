/*
 * tags.c - the list of tags (OCI distribution-spec "Listing Tags").
 */
#include "upstream/upstream.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "upstream/pages.h"

/* Tags that are none are left out. */
static int add_tags(void *arg, struct view page, struct err *e)
{
	struct buf *out = arg;
	CLEANUP(json_freep)
	struct json *doc = json_parse(page, e);
	const struct json *tags = json_get(doc, "tags");
	struct reference ref;
	size_t i;

	if (!json_is_object(doc))
		return err_set(e, ERR_UPSTREAM,
			       "answered with something that is no list of tags");
	for (i = 0; i < json_len(tags); i++) {
		const char *tag = json_str(json_at(tags, i));

		if (tag == NULL || reference_parse(view_of(tag), &ref, NULL) != 0 ||
		    ref.is_digest)
			continue;
		if (buf_add(out, tag, strlen(tag) + 1) != 0)
			return err_set(e, ERR_LIMIT, "more than %zu bytes of tags",
				       out->limit);
	}
	return 0;
}

int upstream_list_tags(struct upstream *u, const struct reponame *name,
		       int64_t deadline_ms, struct buf *out, struct err *e)
{
	char path[NAME_MAX_BYTES + 32];
	struct pages p = { "tags", "Accept: application/json", path, add_tags, out };
	size_t before = out->n;

	snprintf(path, sizeof(path), "/v2/%s/tags/list", name->s);
	if (pages_get(u, name, &p, deadline_ms, e) == 0)
		return 0;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return -1;
}
