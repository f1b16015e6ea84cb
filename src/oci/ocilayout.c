/*
 * ocilayout.c - index.json, read and written. No state.
 */
#include "oci/ocilayout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAME_KEY "io.containerd.image.name"
#define REF_KEY "org.opencontainers.image.ref.name"

const char ocilayout_version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static int read_image(const struct json *v, struct ocilayout_image *out, struct err *e)
{
	const struct json *notes = json_get(v, "annotations");
	const char *digest = json_get_str(v, "digest");
	const char *type = json_get_str(v, "mediaType");
	int64_t size;

	if (digest == NULL)
		return err_set(e, ERR_INVALID, "no digest");
	if (digest_parse(view_of(digest), &out->digest, e) != 0)
		return -1;
	if (!json_get_int(v, "size", &size) || size < 0 ||
	    (uint64_t)size > CHILD_MAX_BYTES)
		return err_set(e, ERR_INVALID, "no size, or an impossible one");
	out->size = (uint64_t)size;
	out->media_type = type != NULL ? type : "";
	out->name = json_get_str(notes, NAME_KEY);
	out->ref = json_get_str(notes, REF_KEY);
	out->json = v;
	return 0;
}

static int read_images(struct ocilayout *l, struct err *e)
{
	const struct json *list = json_get(l->doc, "manifests");
	size_t i;

	if (!json_is_array(list) && !json_is_null(list))
		return err_set(e, ERR_INVALID, "index.json has no list of manifests");
	if (json_len(list) > OCILAYOUT_MAX_IMAGES)
		return err_set(e, ERR_LIMIT, "index.json names more than %d images",
			       OCILAYOUT_MAX_IMAGES);
	l->image = mem_alloc((json_len(list) + 1) * sizeof(*l->image));
	for (i = 0; i < json_len(list); i++) {
		if (read_image(json_at(list, i), &l->image[i], e) != 0)
			return err_add(e, "index.json: image %zu", i + 1);
		l->n++;
	}
	return 0;
}

int ocilayout_parse(struct view text, struct ocilayout *out, struct err *e)
{
	struct ocilayout l = { 0 };

	if (text.n > OCILAYOUT_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "index.json is larger than %u bytes",
			       OCILAYOUT_MAX_BYTES);
	l.doc = json_parse(text, e);
	if (l.doc == NULL)
		return err_add(e, "index.json");
	if (read_images(&l, e) != 0) {
		ocilayout_done(&l);
		return -1;
	}
	*out = l;
	return 0;
}

void ocilayout_done(struct ocilayout *l)
{
	free(l->image);
	json_free(l->doc);
	*l = (struct ocilayout){ 0 };
}

int ocilayout_begin(struct buf *out)
{
	return buf_adds(out, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX
			     "\",\"manifests\":[");
}

static int add_annotations(struct buf *out, const struct ocilayout_image *image)
{
	int rc = buf_adds(out, ",\"annotations\":{");

	if (image->name != NULL)
		rc |= buf_adds(out, "\"" NAME_KEY "\":") | json_quote(out, image->name);
	if (image->name != NULL && image->ref != NULL)
		rc |= buf_adds(out, ",");
	if (image->ref != NULL)
		rc |= buf_adds(out, "\"" REF_KEY "\":") | json_quote(out, image->ref);
	return rc | buf_adds(out, "}");
}

int ocilayout_add(struct buf *out, size_t count, const struct ocilayout_image *image)
{
	char digest[DIGEST_TEXT_MAX];
	int rc;

	digest_text(&image->digest, digest);
	rc = buf_adds(out, count > 0 ? ",{\"mediaType\":" : "{\"mediaType\":");
	rc |= json_quote(out, image->media_type);
	rc |= buf_addf(out, ",\"digest\":\"%s\",\"size\":%llu", digest,
		       (unsigned long long)image->size);
	if (image->name != NULL || image->ref != NULL)
		rc |= add_annotations(out, image);
	return rc | buf_adds(out, "}");
}

int ocilayout_keep(struct buf *out, size_t count, const struct ocilayout_image *image)
{
	return (count > 0 ? buf_adds(out, ",") : 0) | json_write(out, image->json);
}

int ocilayout_end(struct buf *out)
{
	return buf_adds(out, "]}");
}

void ocilayout_path(const struct digest *d, char out[OCILAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	snprintf(out, OCILAYOUT_PATH_MAX, "blobs/%s/%s", digest_alg(d), hex);
}

bool ocilayout_is_path(const char *path, struct digest *d)
{
	char text[OCILAYOUT_PATH_MAX];
	char *slash;

	if (strncmp(path, "blobs/", 6) != 0 || strlen(path) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%s", path + 6);
	slash = strchr(text, '/');
	if (slash == NULL)
		return false;
	*slash = ':';
	return digest_parse(view_of(text), d, NULL) == 0;
}
