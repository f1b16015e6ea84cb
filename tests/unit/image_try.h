/*
 * image_try.h - images in a store, made of a configuration and a layer.
 */
#ifndef LARDER_TESTS_IMAGE_TRY_H
#define LARDER_TESTS_IMAGE_TRY_H

#include "manifest_try.h"
#include "store/blob.h"
#include "store/mstore.h"
#include "store/tag.h"
#include "store_try.h"

static inline struct digest put_blob(struct store *s, const char *text)
{
	struct digest d = try_digest(text);

	assert_int_equal(blob_put(s, &d, text, strlen(text), NULL), 0);
	return d;
}

/* An image with a tag; its configuration and its layer are there. */
static inline struct digest image(struct store *s, const char *repository,
				  const char *config, const char *layer, const char *tag)
{
	struct reponame name = try_name(repository);
	struct digest c = put_blob(s, config), l = put_blob(s, layer), d;
	char ctext[DIGEST_TEXT_MAX], ltext[DIGEST_TEXT_MAX], body[1000];
	struct manifest parsed;
	struct stored *m;
	struct err e;

	digest_text(&c, ctext);
	digest_text(&l, ltext);
	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":"
		 "\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"a/b\",\"digest\":"
		 "\"%s\",\"size\":%zu}]}",
		 ctext, strlen(config), ltext, strlen(layer));
	m = try_stored(body, MEDIATYPE_OCI_MANIFEST);
	assert_int_equal(manifest_parse(view_of(body), &parsed, &e), 0);
	assert_int_equal(mstore_put(s, &name, m, &parsed, &e), 0);
	assert_int_equal(tag_set(s, &name, tag, &m->digest, &e), 0);
	manifest_done(&parsed);
	d = m->digest;
	stored_unref(m);
	return d;
}

#endif
