/*
 * manifest.c - from a manifest's JSON to the digests it names.
 *
 * Go writes an empty list as null as often as [], so null counts as not there.
 */
#include "oci/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

const char manifest_accept[] = MEDIATYPE_OCI_INDEX
	", " MEDIATYPE_DOCKER_LIST ", " MEDIATYPE_OCI_MANIFEST
	", " MEDIATYPE_DOCKER_MANIFEST ", " MEDIATYPE_DOCKER_SCHEMA1;

static const struct known {
	const char *media_type;
	enum manifest_kind kind;
} known[] = {
	{ MEDIATYPE_OCI_MANIFEST, MANIFEST_IMAGE },
	{ MEDIATYPE_OCI_INDEX, MANIFEST_INDEX },
	{ MEDIATYPE_DOCKER_MANIFEST, MANIFEST_IMAGE },
	{ MEDIATYPE_DOCKER_LIST, MANIFEST_INDEX },
	{ MEDIATYPE_DOCKER_SCHEMA1, MANIFEST_OLD },
	{ "application/vnd.docker.distribution.manifest.v1+json", MANIFEST_OLD },
};

/* BuildKit's cache export puts these into an index beside, or in place of, manifests. */
static const char *const blob_prefixes[] = {
	"application/vnd.oci.image.layer.",
	"application/vnd.oci.image.config.",
	"application/vnd.docker.image.rootfs.",
	"application/vnd.docker.container.image.",
	"application/vnd.buildkit.cacheconfig.",
};

static const struct json *member(const struct json *object, const char *key)
{
	const struct json *v = json_get(object, key);

	return json_is_null(v) ? NULL : v;
}

static bool has(const struct json *object, const char *key)
{
	return member(object, key) != NULL;
}

/* The type that the members give away where no mediaType does. */
static const char *guess_type(const struct json *doc)
{
	int64_t version = 0;

	if (json_get(doc, "manifests") != NULL)
		return MEDIATYPE_OCI_INDEX;
	if (json_get(doc, "config") != NULL || json_get(doc, "layers") != NULL)
		return MEDIATYPE_OCI_MANIFEST;
	if (json_get_int(doc, "schemaVersion", &version) && version == 1)
		return MEDIATYPE_DOCKER_SCHEMA1;
	return NULL;
}

static int find_type(const struct json *doc, struct manifest *m, struct err *e)
{
	const struct json *given = member(doc, "mediaType");
	const char *type = given ? json_str(given) : guess_type(doc);
	size_t i;

	if (type == NULL)
		return err_set(e, ERR_INVALID,
			       given ? "manifest: mediaType is not a string"
				     : "neither mediaType nor members of a manifest");
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].media_type, type) == 0) {
			m->kind = known[i].kind;
			snprintf(m->media_type, sizeof(m->media_type), "%s", type);
			return 0;
		}
	return err_set(e, ERR_INVALID, "manifest: mediaType '%.100s' is not supported",
		       type);
}

/* A document that one client reads as an index and another as an image is how a signature
 * for the one is used for the other (CVE-2021-41190). */
static int check_shape(const struct json *doc, const struct manifest *m, struct err *e)
{
	const struct json *version = member(doc, "schemaVersion");
	int64_t number = 0;

	if (m->kind == MANIFEST_OLD)
		return 0;
	if (version != NULL &&
	    (!json_get_int(doc, "schemaVersion", &number) || number != 2))
		return err_set(e, ERR_INVALID, "manifest: schemaVersion is not 2");
	if (m->kind == MANIFEST_INDEX && (has(doc, "config") || has(doc, "layers")))
		return err_set(e, ERR_INVALID, "index with the members of an image");
	if (m->kind == MANIFEST_IMAGE && has(doc, "manifests"))
		return err_set(e, ERR_INVALID,
			       "image manifest with the members of an index");
	if (has(doc, "fsLayers"))
		return err_set(e, ERR_INVALID, "manifest with the members of schema 1");
	return 0;
}

static int read_descriptor(const struct json *v, struct digest *digest, uint64_t *size,
			   struct err *e)
{
	const char *text = json_get_str(v, "digest");
	int64_t n = -1;

	if (text == NULL)
		return err_set(e, ERR_INVALID, "no digest");
	if (digest_parse(view_of(text), digest, e) != 0)
		return -1;
	if (!json_get_int(v, "size", &n) || n < 0 || (uint64_t)n > CHILD_MAX_BYTES)
		return err_set(e, ERR_INVALID, "no size, or an impossible one");
	*size = (uint64_t)n;
	return 0;
}

static void copy_cut(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

static void read_platform(const struct json *v, struct platform *p)
{
	copy_cut(p->os, sizeof(p->os), json_get_str(v, "os"));
	copy_cut(p->arch, sizeof(p->arch), json_get_str(v, "architecture"));
	copy_cut(p->variant, sizeof(p->variant), json_get_str(v, "variant"));
}

static void read_attestation(const struct json *annotations, struct child *c)
{
	const char *type = json_get_str(annotations, "vnd.docker.reference.type");
	const char *about = json_get_str(annotations, "vnd.docker.reference.digest");

	c->is_attestation = type != NULL && about != NULL &&
			    strcmp(type, "attestation-manifest") == 0 &&
			    digest_parse(view_of(about), &c->about, NULL) == 0;
}

static bool is_blob_type(const char *media_type)
{
	size_t i;

	for (i = 0; media_type != NULL && i < ARRAY_LEN(blob_prefixes); i++)
		if (strncmp(media_type, blob_prefixes[i], strlen(blob_prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_foreign(const struct json *v)
{
	static const char *const prefixes[] = {
		"application/vnd.oci.image.layer.nondistributable.",
		"application/vnd.docker.image.rootfs.foreign.",
	};
	const char *type = json_get_str(v, "mediaType");
	size_t i;

	for (i = 0; type != NULL && i < ARRAY_LEN(prefixes); i++)
		if (strncmp(type, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return json_len(json_get(v, "urls")) > 0;
}

static int read_list(const struct json *list, const char *name, struct manifest *m,
		     struct err *e)
{
	size_t i, n = json_len(list);

	if (list != NULL && !json_is_array(list))
		return err_set(e, ERR_INVALID, "manifest: %s is not a list", name);
	for (i = 0; i < n; i++) {
		const struct json *v = json_at(list, i);
		struct child *c = &m->child[m->nchildren];

		if (read_descriptor(v, &c->digest, &c->size, e) != 0)
			return err_add(e, "manifest: %s[%zu]", name, i);
		if (m->kind == MANIFEST_INDEX) {
			c->is_manifest = !is_blob_type(json_get_str(v, "mediaType"));
			read_platform(json_get(v, "platform"), &c->platform);
			read_attestation(json_get(v, "annotations"), c);
		} else {
			c->is_foreign = is_foreign(v);
		}
		m->nchildren++;
	}
	return 0;
}

static int read_children(const struct json *doc, struct manifest *m, struct err *e)
{
	const struct json *config = member(doc, "config");
	const char *name = m->kind == MANIFEST_INDEX ? "manifests" : "layers";
	const struct json *list = member(doc, name);
	size_t n = json_len(list) + (config != NULL);

	if (n > MANIFEST_MAX_CHILDREN)
		return err_set(e, ERR_INVALID,
			       "manifest names %zu others; the limit is %d", n,
			       MANIFEST_MAX_CHILDREN);
	if (n > 0)
		m->child = mem_alloc(n * sizeof(*m->child));
	if (config != NULL) {
		if (read_descriptor(config, &m->child[0].digest, &m->child[0].size, e) !=
		    0)
			return err_add(e, "manifest: config");
		m->nchildren++;
		m->has_config = true;
	}
	return read_list(list, name, m, e);
}

static int read_subject(const struct json *doc, struct manifest *m, struct err *e)
{
	const struct json *subject = member(doc, "subject");
	uint64_t size;

	if (subject == NULL)
		return 0;
	if (read_descriptor(subject, &m->subject, &size, e) != 0)
		return err_add(e, "manifest: subject");
	m->has_subject = true;
	return 0;
}

int manifest_parse(struct view body, struct manifest *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	CLEANUP(manifest_done)
	struct manifest m = { 0 };

	if (body.n > MANIFEST_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "manifest is larger than %u bytes",
			       MANIFEST_MAX_BYTES);
	doc = json_parse(body, e);
	if (doc == NULL)
		return err_add(e, "manifest");
	if (!json_is_object(doc))
		return err_set(e, ERR_INVALID, "manifest is not a JSON object");
	if (find_type(doc, &m, e) != 0 || check_shape(doc, &m, e) != 0)
		return -1;
	if (m.kind != MANIFEST_OLD &&
	    (read_children(doc, &m, e) != 0 || read_subject(doc, &m, e) != 0))
		return -1;
	*out = m;
	m.child = NULL; /* handed over */
	return 0;
}

void manifest_done(struct manifest *m)
{
	if (m == NULL)
		return;
	free(m->child);
	memset(m, 0, sizeof(*m));
}

const struct child *manifest_platform(const struct manifest *index,
				      const struct platform *wanted)
{
	size_t i;

	for (i = 0; i < index->nchildren; i++)
		if (index->child[i].is_manifest && !index->child[i].is_attestation &&
		    platform_match(&index->child[i].platform, wanted))
			return &index->child[i];
	return NULL;
}
