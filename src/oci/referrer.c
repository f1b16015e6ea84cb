/*
 * referrer.c - descriptors of referrers.
 */
#include "oci/referrer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

static int add_string(struct buf *out, const char *s)
{
	if (buf_adds(out, "\"") != 0 || buf_add_json(out, s, strlen(s)) != 0)
		return -1;
	return buf_adds(out, "\"");
}

static int add_member(struct buf *out, const char *key, const char *value)
{
	if (buf_adds(out, ",") != 0 || add_string(out, key) != 0 ||
	    buf_adds(out, ":") != 0)
		return -1;
	return add_string(out, value);
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
		    add_string(out, key) != 0 || buf_adds(out, ":") != 0 ||
		    add_string(out, text) != 0)
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

/* Algorithm and hex have no character that a tag may not have. */
void referrer_tag(const struct digest *subject, char out[TAG_MAX_BYTES + 1])
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(subject, hex);
	snprintf(out, TAG_MAX_BYTES + 1, "%.32s-%.64s", digest_alg(subject), hex);
}
