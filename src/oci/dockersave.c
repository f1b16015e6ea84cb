/*
 * dockersave.c - manifest.json read and written, and manifests made. No state.
 */
#include "oci/dockersave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/ocilayout.h"

/* null, absent or a list of strings */
static int check_strings(const struct json *list, size_t most, const char *what,
			 struct err *e)
{
	size_t i;

	if (list != NULL && !json_is_null(list) && !json_is_array(list))
		return err_set(e, ERR_INVALID, "%s is no list", what);
	if (json_len(list) > most)
		return err_set(e, ERR_LIMIT, "%s: more than %zu", what, most);
	for (i = 0; i < json_len(list); i++)
		if (json_str(json_at(list, i)) == NULL)
			return err_set(e, ERR_INVALID, "%s: not all are strings", what);
	return 0;
}

static int read_image(const struct json *v, struct dockersave_image *out, struct err *e)
{
	out->config = json_get_str(v, "Config");
	out->tags = json_get(v, "RepoTags");
	out->layer = json_get(v, "Layers");
	if (out->config == NULL)
		return err_set(e, ERR_INVALID, "no Config");
	if (check_strings(out->tags, DOCKERSAVE_MAX_IMAGES, "RepoTags", e) != 0)
		return -1;
	return check_strings(out->layer, DOCKERSAVE_MAX_LAYERS, "Layers", e);
}

int dockersave_parse(struct view text, struct dockersave *out, struct err *e)
{
	struct dockersave d = { 0 };
	size_t i, n;

	if (text.n > DOCKERSAVE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "manifest.json is larger than %u bytes",
			       DOCKERSAVE_MAX_BYTES);
	d.doc = json_parse(text, e);
	if (d.doc == NULL)
		return err_add(e, "manifest.json");
	n = json_len(d.doc);
	if (!json_is_array(d.doc) || n > DOCKERSAVE_MAX_IMAGES) {
		json_free(d.doc);
		return err_set(e, ERR_INVALID,
			       "manifest.json is no list of up to %d images",
			       DOCKERSAVE_MAX_IMAGES);
	}
	d.image = mem_alloc((n + 1) * sizeof(*d.image));
	for (i = 0; i < n; i++) {
		if (read_image(json_at(d.doc, i), &d.image[i], e) != 0) {
			dockersave_done(&d);
			return err_add(e, "manifest.json: image %zu", i + 1);
		}
	}
	d.n = n;
	*out = d;
	return 0;
}

void dockersave_done(struct dockersave *d)
{
	free(d->image);
	json_free(d->doc);
	*d = (struct dockersave){ 0 };
}

int dockersave_add(struct buf *out, const struct manifest *m, const char *name)
{
	char path[OCILAYOUT_PATH_MAX];
	size_t i;
	int rc;

	ocilayout_path(&m->child[0].digest, path);
	rc = buf_addf(out, "{\"Config\":\"%s\",\"RepoTags\":[", path);
	if (name != NULL)
		rc |= json_quote(out, name);
	rc |= buf_adds(out, "],\"Layers\":[");
	for (i = 1; i < m->nchildren; i++) {
		ocilayout_path(&m->child[i].digest, path);
		rc |= buf_addf(out, "%s\"%s\"", i > 1 ? "," : "", path);
	}
	return rc | buf_adds(out, "]}");
}

enum dockersave_packing dockersave_packing(const void *p, size_t n)
{
	if (n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		return DOCKERSAVE_GZIP;
	if (n >= 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
		return DOCKERSAVE_ZSTD;
	return DOCKERSAVE_PLAIN;
}

static int check_config(struct view config, const struct dockersave_file *layer,
			size_t nlayers, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(config, e);
	const struct json *ids = json_get(json_get(doc, "rootfs"), "diff_ids");
	char text[DIGEST_TEXT_MAX];
	const char *id;
	size_t i;

	if (doc == NULL)
		return err_add(e, "its configuration");
	if (!json_is_object(doc) || json_len(ids) != nlayers)
		return err_set(e, ERR_INVALID,
			       "its configuration names %zu layers, the archive's list "
			       "%zu",
			       json_len(ids), nlayers);
	for (i = 0; i < nlayers; i++) {
		id = json_str(json_at(ids, i));
		digest_text(&layer[i].digest, text);
		if (layer[i].packing == DOCKERSAVE_PLAIN &&
		    (id == NULL || strcmp(id, text) != 0))
			return err_set(e, ERR_CORRUPT,
				       "layer %zu is %.24s, but its configuration says "
				       "%.24s",
				       i + 1, text, id != NULL ? id : "nothing");
	}
	return 0;
}

static int add_file(struct buf *out, const char *type, const struct dockersave_file *f)
{
	char digest[DIGEST_TEXT_MAX];

	digest_text(&f->digest, digest);
	return buf_addf(out,
			"{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\""
			"%s\",\"size\":%llu}",
			type, digest, (unsigned long long)f->size);
}

int dockersave_make(struct buf *out, struct view config,
		    const struct dockersave_file *config_file,
		    const struct dockersave_file *layer, size_t nlayers, struct err *e)
{
	static const char *const types[] = { "layer.v1.tar", "layer.v1.tar+gzip",
					     "layer.v1.tar+zstd" };
	size_t i;
	int rc;

	if (check_config(config, layer, nlayers, e) != 0)
		return -1;
	rc = buf_adds(out, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
			   "\",\"config\":");
	rc |= add_file(out, "config.v1+json", config_file);
	rc |= buf_adds(out, ",\"layers\":[");
	for (i = 0; i < nlayers; i++) {
		rc |= i > 0 ? buf_adds(out, ",") : 0;
		rc |= add_file(out, types[layer[i].packing], &layer[i]);
	}
	rc |= buf_adds(out, "]}");
	return rc == 0 ? 0 : err_set(e, ERR_LIMIT, "too many layers");
}
