/*
 * referrer.c - descriptors of referrers.
 */
#include "oci/referrer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

static int add_member(struct buf *out, const char *key, const char *value)
{
	if (buf_adds(out, ",") != 0 || json_quote(out, key) != 0 ||
	    buf_adds(out, ":") != 0)
		return -1;
	return json_quote(out, value);
}

static int add_annotations(const struct json *doc, struct buf *out)
{
	const struct json *value, *all = json_get(doc, "annotations");
	const char *key, *text;
	bool first = true;
	void *at = NULL;

	while (json_each(all, &at, &key, &value)) {
		text = json_str(value);
		if (text == NULL)
			continue;
		if (buf_adds(out, first ? ",\"annotations\":{" : ",") != 0 ||
		    json_quote(out, key) != 0 || buf_adds(out, ":") != 0 ||
		    json_quote(out, text) != 0)
			return -1;
		first = false;
	}
	return first ? 0 : buf_adds(out, "}");
}

static const char *artifact_type(const struct json *doc)
{
	const char *own = json_get_str(doc, "artifactType");

	if (own != NULL && *own != '\0')
		return own;
	return json_get_str(json_get(doc, "config"), "mediaType"); /* an index has none */
}

static int add_all(const struct json *doc, struct view body, const char *media_type,
		   const struct digest *d, struct buf *json, struct buf *type)
{
	const char *artifact = artifact_type(doc);
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (buf_addf(json, "{\"digest\":\"%s\",\"size\":%zu", text, body.n) != 0 ||
	    add_member(json, "mediaType", media_type) != 0)
		return -1;
	if (artifact != NULL && (add_member(json, "artifactType", artifact) != 0 ||
				 buf_adds(type, artifact) != 0))
		return -1;
	if (add_annotations(doc, json) != 0)
		return -1;
	return buf_adds(json, "}");
}

int referrer_describe(struct view body, const char *media_type, const struct digest *d,
		      struct buf *json, struct buf *type, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(body, e);

	if (doc == NULL)
		return -1;
	if (add_all(doc, body, media_type, d, json, type) != 0)
		return err_set(e, ERR_LIMIT, "the list of referrers is too long");
	return 0;
}

static int list_one(const struct json *v, struct buf *out)
{
	const char *digest = json_get_str(v, "digest"), *type;
	struct digest d;
	int64_t size;

	if (digest == NULL || digest_parse(view_of(digest), &d, NULL) != 0 ||
	    !json_get_int(v, "size", &size) || size < 0 ||
	    json_get_str(v, "mediaType") == NULL)
		return 1;
	type = json_get_str(v, "artifactType");
	if (buf_addf(out, "%s%c{\"digest\":\"%s\",\"size\":%lld", type ? type : "", '\0',
		     digest, (long long)size) != 0 ||
	    add_member(out, "mediaType", json_get_str(v, "mediaType")) != 0 ||
	    (type != NULL && add_member(out, "artifactType", type) != 0) ||
	    add_annotations(v, out) != 0)
		return -1;
	return buf_addf(out, "}%c", '\0');
}

int referrer_list(struct view index, struct buf *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(index, e);
	const struct json *all = json_get(doc, "manifests");
	size_t i;
	int rc;

	if (doc == NULL)
		return -1;
	if (!json_is_object(doc) ||
	    (all != NULL && !json_is_array(all) && !json_is_null(all)))
		return err_set(e, ERR_INVALID,
			       "answered with something that is no index");
	for (i = 0; i < json_len(all); i++) {
		rc = list_one(json_at(all, i), out);
		if (rc > 0)
			return err_set(e, ERR_INVALID, "descriptor %zu is none", i);
		if (rc < 0)
			return err_set(e, ERR_LIMIT, "more than %zu bytes of referrers",
				       out->limit);
	}
	return 0;
}

/* Algorithm and hex have no character that a tag may not have. */
void referrer_tag(const struct digest *subject, char out[TAG_MAX_BYTES + 1])
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(subject, hex);
	snprintf(out, TAG_MAX_BYTES + 1, "%.32s-%.64s", digest_alg(subject), hex);
}
