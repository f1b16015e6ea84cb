/*
 * scan_sbom.c - `larder scan --sbom`: the image's own bill of materials where it carries
 * one, else ours, from its layers.
 *
 * BuildKit puts attestations beside an image in its index: a manifest whose layers are
 * in-toto statements (moby/buildkit docs/attestations/attestation-storage.md).
 */
#include "app/scan_sbom.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/scan.h"
#include "app/scan_output.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/jsonwalk.h"
#include "store/blob.h"
#include "store/mstore.h"
#include "trust/sbom.h"

#define STATEMENT "application/vnd.in-toto+json"
#define PREDICATE "in-toto.io/predicate-type"
#define SPDX_TYPE "https://spdx.dev/Document"
#define CYCLONEDX_TYPE "https://cyclonedx.org/bom"
#define SMALL_BYTES (1u << 20)

struct reading {
	int fd;
	uint64_t at;
};

static int on_read(void *arg, void *p, size_t room, size_t *n, struct err *e)
{
	struct reading *r = arg;

	if (fs_pread(r->fd, p, room, r->at, n, e) != 0)
		return -1;
	r->at += *n;
	return 0;
}

static int find_member(int fd, const char *key, struct buf *out, struct err *e)
{
	struct reading r = { fd, 0 };
	struct jsonwalk w = { .read = on_read, .arg = &r };

	return jsonwalk_find(&w, key, out, e);
}

/* Does the statement say that it is about this manifest? */
static bool is_about(int fd, const struct digest *manifest)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SMALL_BYTES);
	CLEANUP(json_freep)
	struct json *subjects = NULL;
	char hex[DIGEST_HEX_MAX];
	size_t i;

	if (find_member(fd, "subject", &text, NULL) != 0)
		return false;
	subjects = json_parse(buf_view(&text), NULL);
	digest_hex(manifest, hex);
	for (i = 0; i < json_len(subjects); i++) {
		const char *text_of = json_get_str(
			json_get(json_at(subjects, i), "digest"), digest_alg(manifest));

		if (text_of != NULL && strcmp(text_of, hex) == 0)
			return true;
	}
	return false;
}

/* 0: out has the document. 1: this layer is none, or of another image. */
static int take_statement(struct scan *s, const struct json *layer, const char *type,
			  const struct digest *manifest, struct buf *out, struct err *e)
{
	const char *media = json_get_str(layer, "mediaType");
	const char *predicate = json_get_str(json_get(layer, "annotations"), PREDICATE);
	const char *text = json_get_str(layer, "digest");
	CLEANUP(mem_closep)
	int fd = -1;
	struct digest d;
	uint64_t size;

	if (media == NULL || predicate == NULL || text == NULL ||
	    strcmp(media, STATEMENT) != 0 || strcmp(predicate, type) != 0 ||
	    digest_parse(view_of(text), &d, NULL) != 0)
		return 1;
	fd = blob_open(s->store, &d, &size, e);
	if (fd < 0)
		return -1;
	return is_about(fd, manifest) ? find_member(fd, "predicate", out, e) : 1;
}

static int take_attestation(struct scan *s, const struct scan_target *t,
			    const struct digest *attestation, const char *type,
			    struct buf *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	const struct json *layers;
	struct stored *m;
	size_t i;
	int rc = 1;

	if (mstore_get(s->store, &t->repo, attestation, &m, e) != 0)
		return -1;
	doc = json_parse((struct view){ m->body, m->n }, e);
	stored_unref(m);
	layers = json_get(doc, "layers");
	for (i = 0; i < json_len(layers) && rc == 1; i++)
		rc = take_statement(s, json_at(layers, i), type, &t->manifest, out, e);
	return rc;
}

/* 1: it carries none of that kind. */
static int carried(struct scan *s, const struct scan_target *t, const char *type,
		   struct buf *out, struct err *e)
{
	struct manifest index;
	struct stored *m;
	size_t i;
	int rc;

	if (mstore_get(s->store, &t->repo, &t->root, &m, e) != 0)
		return -1;
	rc = manifest_parse((struct view){ m->body, m->n }, &index, e);
	stored_unref(m);
	if (rc != 0)
		return -1;
	rc = 1;
	for (i = 0; i < index.nchildren && rc == 1; i++)
		if (index.child[i].is_attestation &&
		    digest_equal(&index.child[i].about, &t->manifest))
			rc = take_attestation(s, t, &index.child[i].digest, type, out, e);
	manifest_done(&index);
	return rc;
}

static int made(struct scan *s, const struct scan_target *t, enum sbom_format format,
		struct buf *out, struct err *e)
{
	char name[IMAGEREF_TEXT_MAX];
	struct sbom_image about = { name, t->image.tag, sbom_when(s->envp) };
	struct contents c = { 0 };
	size_t i;
	int rc;

	imageref_name(&t->image, name);
	if (contents_read(s->store, &t->repo, &t->manifest, &c, e) != 0)
		return -1;
	for (i = 0; i < c.ngaps; i++)
		fprintf(stderr, "larder scan: warning: not read: %s%s%s\n", c.gap[i].path,
			c.gap[i].path[0] != '\0' ? ": " : "", c.gap[i].why);
	rc = sbom_write(format, &c, &about, out, e);
	contents_done(&c);
	return rc;
}

int scan_sbom(struct scan *s, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(SBOM_MAX_BYTES);
	const struct scan_target *t = &s->target[0];
	bool layers = s->from != NULL && strcmp(s->from, "layers") == 0;
	bool own = s->from != NULL && strcmp(s->from, "attestation") == 0;
	enum sbom_format format;
	int rc = 1;

	if (sbom_format_parse(s->sbom, &format, e) != 0)
		return -1;
	if (s->n != 1)
		return err_set(e, ERR_INVALID,
			       "--sbom is for one image and one platform, not %zu", s->n);
	if (t->failed) {
		*e = t->why;
		return err_add(e, "%s", t->text);
	}
	if (!layers)
		rc = carried(s, t, format == SBOM_SPDX ? SPDX_TYPE : CYCLONEDX_TYPE, &out,
			     e);
	if (rc == 0)
		fprintf(stderr,
			"larder scan: this is the bill of materials that the image "
			"carries; --from layers makes one of what is in its layers\n");
	if (rc == 1 && own)
		return err_set(
			e, ERR_NOT_FOUND,
			"%s carries no such bill of materials; --from layers makes "
			"one",
			t->text);
	if (rc == 1)
		rc = made(s, t, format, &out, e);
	else if (rc == 0 && buf_adds(&out, "\n") != 0)
		return err_set(e, ERR_LIMIT, "it has more than %u bytes", SBOM_MAX_BYTES);
	return rc == 0 ? scan_output(s, &out, e) : -1;
}
