/*
 * contents.c - from a manifest in the store to all that is inside: configuration, layers,
 * and what the tree of files holds in the end.
 */
#include "trust/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/blob.h"
#include "store/mcache.h"
#include "store/mstore.h"
#include "trust/contents_impl.h"
#include "trust/gaps.h"
#include "trust/layers.h"
#include "trust/osrelease.h"
#include "trust/tree.h"

struct reading {
	struct store *store;
	struct contents *out;
	struct manifest manifest;
	struct gaps gaps;
	struct tree tree;
};

static const struct child *layer_child(const struct reading *r, size_t i)
{
	return &r->manifest.child[i + 1]; /* the first is the configuration */
}

/* --- manifest and configuration --- */

static int check_image(const struct manifest *m, const struct json *doc, struct err *e)
{
	const char *type = json_get_str(json_get(doc, "config"), "mediaType");

	if (m->kind == MANIFEST_INDEX)
		return err_set(e, ERR_INVALID,
			       "it is an index of several platforms: choose one");
	if (m->kind == MANIFEST_OLD)
		return err_set(e, ERR_INVALID,
			       "its manifest is of schema 1, which is not read: pull it "
			       "again");
	if (!m->has_config)
		return err_set(e, ERR_INVALID, "its manifest names no configuration");
	if (type != NULL &&
	    strcmp(type, "application/vnd.oci.image.config.v1+json") != 0 &&
	    strcmp(type, "application/vnd.docker.container.image.v1+json") != 0)
		return err_set(e, ERR_INVALID,
			       "it is no container image: its configuration is of type "
			       "%.100s",
			       type);
	if (m->nchildren - 1 > CONTENTS_MAX_LAYERS)
		return err_set(e, ERR_LIMIT, "it has more than %d layers",
			       CONTENTS_MAX_LAYERS);
	return 0;
}

static bool seen(const struct reading *r, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (digest_equal(&r->manifest.child[i].digest,
				 &r->manifest.child[n].digest))
			return true;
	return false;
}

static void take_layers(struct reading *r, const struct json *doc)
{
	const struct json *list = json_get(doc, "layers");
	struct contents *c = r->out;
	size_t i;

	c->nlayers = r->manifest.nchildren - 1;
	c->layer = arena_alloc(c->arena, c->nlayers * sizeof(*c->layer));
	for (i = 0; i < c->nlayers; i++) {
		const char *type = json_get_str(json_at(list, i), "mediaType");

		c->layer[i].digest = layer_child(r, i)->digest;
		c->layer[i].size = layer_child(r, i)->size;
		c->layer[i].created_by = "";
		snprintf(c->layer[i].media_type, sizeof(c->layer[i].media_type), "%s",
			 type != NULL ? type : "");
	}
	for (i = 0; i < r->manifest.nchildren; i++)
		if (!seen(r, i))
			c->bytes += r->manifest.child[i].size;
}

static int take_manifest(struct reading *r, const struct reponame *name,
			 const struct digest *digest, struct err *e)
{
	struct stored *stored;
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct view body;
	int rc;

	if (mstore_peek(r->store, name, digest, &stored, e) != 0)
		return -1;
	body = (struct view){ stored->body, stored->n };
	rc = manifest_parse(body, &r->manifest, e);
	doc = rc == 0 ? json_parse(body, e) : NULL;
	stored_unref(stored);
	if (doc == NULL || check_image(&r->manifest, doc, e) != 0)
		return -1;
	r->out->digest = *digest;
	take_layers(r, doc);
	return 0;
}

/* The descriptor of a blob of the size that the manifest says; -1. */
static int open_blob(struct store *s, const struct child *child, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	uint64_t size;
	int fd = blob_open(s, &child->digest, &size, e);

	digest_text(&child->digest, text);
	if (fd < 0) {
		if (e != NULL && e->kind == ERR_NOT_FOUND)
			return err_set(e, ERR_NOT_FOUND,
				       "%s is not in the store: pull the image", text);
		return -1;
	}
	if (size == child->size)
		return fd;
	close(fd);
	return err_set(e, ERR_CORRUPT, "%s is of another size than its manifest says",
		       text);
}

static int read_whole(int fd, uint64_t size, struct buf *out, struct err *e)
{
	char *room = buf_room(out, (size_t)size);
	size_t at = 0;
	ssize_t n;

	if (room == NULL)
		return err_set(e, ERR_LIMIT, "it is larger than %zu bytes", out->limit);
	while (at < size) {
		n = pread(fd, room + at, (size_t)size - at, (off_t)at);
		if (n < 0)
			return err_errno(e, "reading it");
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "it is cut");
		at += (size_t)n;
	}
	buf_grew(out, (size_t)size);
	return 0;
}

static int take_config(struct reading *r, struct err *e)
{
	const struct child *child = &r->manifest.child[0];
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CONTENTS_MAX_CONFIG);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	CLEANUP(mem_closep)
	int fd = open_blob(r->store, child, e);
	struct digest found;

	if (fd < 0 || (child->size > 0 && read_whole(fd, child->size, &text, e) != 0))
		return -1;
	digest_of(child->digest.alg, buf_str(&text), text.n, &found);
	if (!digest_equal(&found, &child->digest))
		return err_set(e, ERR_CORRUPT, "it does not match its digest");
	doc = json_parse(buf_view(&text), e);
	return doc != NULL ? contents_config(doc, r->out, e) : -1;
}

/* --- layers --- */

/* Of OCI and Docker all archives say so in their type; the rest is of artifacts. */
static bool is_archive(const char *media_type)
{
	return *media_type == '\0' || (strstr(media_type, "tar") != NULL &&
				       strstr(media_type, "encrypted") == NULL);
}

static int on_open(void *arg, size_t i, struct err *e)
{
	struct reading *r = arg;
	struct contents_layer *l = &r->out->layer[i];
	struct err why = { 0 };
	int fd;

	l->read = false;
	if (!is_archive(l->media_type)) {
		gaps_add(&r->gaps, i, "", "a layer of type %s is not read",
			 l->media_type);
		return LAYERS_NONE;
	}
	fd = open_blob(r->store, layer_child(r, i), &why);
	l->read = fd >= 0;
	if (fd >= 0)
		return fd;
	if (why.kind == ERR_NOT_FOUND && layer_child(r, i)->is_foreign) {
		gaps_add(&r->gaps, i, "",
			 "a layer that lives elsewhere, and is not in the store");
		return LAYERS_NONE;
	}
	if (e != NULL)
		*e = why;
	return err_add(e, "layer %zu", i + 1);
}

static const struct digest *on_digest(void *arg, size_t i)
{
	const struct reading *r = arg;

	return &layer_child(r, i)->digest;
}

/* The last of the links from one of the two places counts, that in /etc first. */
static const struct node *os_node(const struct tree *t, const char *path)
{
	char end[TREE_PATH_MAX];
	const struct node *node;

	if (tree_resolve(t, path, true, end) != 0)
		return NULL;
	node = tree_find(t, end);
	return node != NULL && node->raw.n > 0 ? node : NULL;
}

static void take_os(const struct tree *t, struct contents_os *os)
{
	const struct node *node = os_node(t, "etc/os-release");

	if (node == NULL)
		node = os_node(t, "usr/lib/os-release");
	if (node != NULL)
		osrelease_read(buf_view(&node->raw), os);
	node = os_node(t, "etc/debian_version");
	if (node != NULL)
		osrelease_debian(buf_view(&node->raw), os);
}

static int take_files(struct reading *r, struct err *e)
{
	struct tree *t = &r->tree;
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct node *node = t->at[i];

		if (node->hidden || node->link != NULL)
			continue;
		if (node->gap != NULL)
			gaps_add(&r->gaps, node->layer, node->path, "%s", node->gap);
		t->packages -= node->packages.n;
		if (packages_take(&r->out->packages, &node->packages, e) != 0)
			return -1;
	}
	if (strcmp(r->out->config.platform.os, "windows") == 0)
		gaps_add(&r->gaps, CONTENTS_NO_LAYER, "",
			 "of Windows only Python distributions are read");
	packages_sort(&r->out->packages);
	take_os(t, &r->out->os);
	return 0;
}

static void take_gaps(const struct gaps *g, struct contents *c)
{
	size_t i;

	c->ngaps = g->n;
	c->gap = arena_alloc(c->arena, g->n * sizeof(*c->gap));
	for (i = 0; i < g->n; i++)
		c->gap[i] = (struct contents_gap){
			g->at[i].layer,
			arena_dup(c->arena, view_of(g->at[i].path)),
			arena_dup(c->arena, view_of(g->at[i].why)),
		};
}

static int read_image(struct reading *r, const struct reponame *name,
		      const struct digest *manifest, struct err *e)
{
	struct layers all = { 0, on_open, on_digest, r };

	if (take_manifest(r, name, manifest, e) != 0)
		return -1;
	if (take_config(r, e) != 0)
		return err_add(e, "the image's configuration");
	all.n = r->out->nlayers;
	if (layers_read(&all, &r->tree, &r->gaps, e) != 0 || take_files(r, e) != 0)
		return -1;
	take_gaps(&r->gaps, r->out);
	return 0;
}

int contents_read(struct store *s, const struct reponame *name,
		  const struct digest *manifest, struct contents *out, struct err *e)
{
	struct contents found = { .arena = arena_new() };
	struct reading r = { .store = s, .out = &found };
	char text[DIGEST_TEXT_MAX];
	int rc;

	tree_init(&r.tree);
	rc = read_image(&r, name, manifest, e);
	manifest_done(&r.manifest);
	tree_done(&r.tree);
	gaps_done(&r.gaps);
	if (rc == 0) {
		*out = found;
		return 0;
	}
	contents_done(&found);
	digest_text(manifest, text);
	return err_add(e, "%s@%s", name->s, text);
}

void contents_done(struct contents *c)
{
	packages_done(&c->packages);
	arena_free(c->arena);
	*c = (struct contents){ 0 };
}
