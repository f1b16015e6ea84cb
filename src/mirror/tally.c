/*
 * tally.c - going through an image's manifests and blobs. No state.
 *
 * Manifests nest (an index in an index), and each may name ten thousand others, so both
 * depth and the number of looks are bounded.
 */
#include "mirror/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/mstore.h"
#include "store/quarantine.h"

#define MAX_DEPTH 4
#define CONFIG_MAX_BYTES                                                                 \
	(1u << 20) /* of an image's configuration; larger is not read                    \
		    */

struct tally {
	struct store *store;
	struct shares *shares;
	bool count;
	struct inventory_row *row;
	unsigned looks, depth;
	bool found_wrong;
	struct err wrong; /* the first */
};

static void say_wrong(struct tally *t, const struct err *why)
{
	if (!t->found_wrong)
		t->wrong = *why;
	t->found_wrong = true;
}

static void add(struct tally *t, const struct digest *d, uint64_t bytes)
{
	struct share share = shares_blob(t->shares, d, bytes, t->count);

	if (!share.first)
		return;
	t->row->bytes += bytes;
	if (share.others)
		t->row->shared += (int64_t)bytes;
}

static bool look(struct tally *t)
{
	struct err why;

	if (t->looks++ < INVENTORY_MAX_LOOKS)
		return true;
	err_set(&why, ERR_CORRUPT, "it names more than %d blobs", INVENTORY_MAX_LOOKS);
	say_wrong(t, &why);
	return false;
}

/* Not only missing: it was here, and turned out to be wrong. */
static void look_in_quarantine(struct tally *t, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];
	struct err why;

	if (!quarantine_has(t->store, d))
		return;
	digest_text(d, text);
	err_set(&why, ERR_CORRUPT, "%s was found to be damaged (see larder scrub)", text);
	say_wrong(t, &why);
}

static bool add_blob(struct tally *t, const struct child *c)
{
	char text[DIGEST_TEXT_MAX];
	struct err why;
	uint64_t bytes;

	if (!look(t))
		return false;
	if (!blob_exists(t->store, &c->digest, &bytes)) {
		if (!c->is_foreign)
			look_in_quarantine(t, &c->digest);
		return c->is_foreign;
	}
	add(t, &c->digest, bytes);
	if (bytes == c->size)
		return true;
	digest_text(&c->digest, text);
	err_set(&why, ERR_CORRUPT, "blob %s has %llu bytes, not %llu", text,
		(unsigned long long)bytes, (unsigned long long)c->size);
	say_wrong(t, &why);
	return false;
}

static void list_platform(struct inventory_row *row, const struct platform *p,
			  bool complete)
{
	if (p->os[0] == '\0' && p->arch[0] == '\0')
		return;
	row->listed++;
	if (row->nplatforms < INVENTORY_MAX_PLATFORMS)
		row->platform[row->nplatforms++] =
			(struct inventory_platform){ *p, complete };
}

static void copy(char *to, size_t n, const char *from)
{
	snprintf(to, n, "%s", from != NULL ? from : "");
}

/* An image without an index says its platform in its configuration only. */
static void list_config(struct tally *t, const struct child *config, bool complete)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct platform p = { 0 };
	layout_path path;

	layout_blob(path, &config->digest);
	if (fs_read(t->store->dirfd, path, &text, NULL) != 0)
		return;
	doc = json_parse(buf_view(&text), NULL);
	copy(p.os, sizeof(p.os), json_get_str(doc, "os"));
	copy(p.arch, sizeof(p.arch), json_get_str(doc, "architecture"));
	copy(p.variant, sizeof(p.variant), json_get_str(doc, "variant"));
	list_platform(t->row, &p, complete);
}

static bool add_manifest(struct tally *t, const struct digest *d, struct err *e);

static bool add_child(struct tally *t, const struct child *c)
{
	struct err why;
	bool complete;

	if (!c->is_manifest)
		return add_blob(t, c);
	complete = look(t) && t->depth < MAX_DEPTH && add_manifest(t, &c->digest, &why);
	if (t->depth == 1 && !c->is_attestation)
		list_platform(t->row, &c->platform, complete);
	return complete;
}

static void describe(struct tally *t, const struct stored *m, const struct manifest *doc)
{
	static const char *const kinds[] = { [MANIFEST_IMAGE] = "image",
					     [MANIFEST_INDEX] = "index",
					     [MANIFEST_OLD] = "schema1" };

	copy(t->row->media_type, sizeof(t->row->media_type), m->media_type);
	t->row->kind = kinds[doc->kind];
}

/* True: it and all it names is here. */
static bool add_manifest(struct tally *t, const struct digest *d, struct err *e)
{
	struct manifest doc;
	struct stored *m;
	bool complete = true;
	size_t i;

	if (mstore_peek(t->store, &t->row->repository, d, &m, e) != 0) {
		if (e->kind != ERR_NOT_FOUND)
			say_wrong(t, e);
		else
			look_in_quarantine(t, d);
		return false;
	}
	e->kind = ERR_NONE;
	add(t, d, m->n);
	if (manifest_parse((struct view){ m->body, m->n }, &doc, e) != 0) {
		e->kind = ERR_CORRUPT;
		say_wrong(t, e);
		stored_unref(m);
		return false;
	}
	if (t->depth == 0)
		describe(t, m, &doc);
	stored_unref(m);
	t->depth++;
	for (i = 0; i < doc.nchildren; i++)
		complete &= add_child(t, &doc.child[i]);
	t->depth--;
	if (t->depth == 0 && doc.kind == MANIFEST_IMAGE && doc.has_config && !t->count)
		list_config(t, &doc.child[0], complete);
	manifest_done(&doc);
	return complete;
}

int tally_image(struct store *store, struct shares *s, bool count,
		struct inventory_row *row, struct err *e)
{
	struct tally t = { .store = store, .shares = s, .count = count, .row = row };
	struct err why = { 0 };

	shares_next(s);
	row->complete = add_manifest(&t, &row->digest, &why);
	if (shares_unknown(s))
		row->shared = -1;
	if (t.found_wrong)
		why = t.wrong;
	else if (row->complete || why.kind == ERR_NONE)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}
