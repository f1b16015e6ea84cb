/*
 * bundle_docker.c - an archive of Docker's older form, which has a list but no manifests:
 * it is read once more, its layers are hashed, and a manifest is made of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "carry/bundle_tar.h"

#define MOST_LINKS 8 /* that lead to a file */
#define PIECE_BYTES (256u << 10)

static struct bundle_file *find(const struct bundle_tar *a, const char *name)
{
	struct bundle_file *f = map_get(a->file, name);
	unsigned i;

	for (i = 0; f != NULL && f->link != NULL && i < MOST_LINKS; i++)
		f = map_get(a->file, f->link);
	return f != NULL && f->link == NULL ? f : NULL;
}

static void mark_needed(struct bundle_tar *a, const struct dockersave *list)
{
	struct bundle_file *f;
	size_t i, k;

	for (i = 0; i < list->n; i++) {
		f = find(a, list->image[i].config);
		if (f != NULL && f->size <= DOCKERSAVE_CONFIG_MAX)
			f->is_config = true;
		for (k = 0; k < json_len(list->image[i].layer); k++) {
			f = find(a, json_str(json_at(list->image[i].layer, k)));
			if (f != NULL)
				f->is_layer = true;
		}
	}
}

static int hash_file(struct bundle_tar *a, struct tar_reader *r, struct bundle_file *f,
		     struct err *e)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	CLEANUP(mem_freep)
	char *piece = mem_alloc(PIECE_BYTES);
	bool first = true;
	size_t n;

	do {
		if (bundle_tar_look(a, r, e) != 0 ||
		    tar_reader_data(r, piece, PIECE_BYTES, &n, e) != 0)
			return -1;
		if (first)
			f->packing = dockersave_packing(piece, n);
		first = false;
		hash_add(h, piece, n);
		if (f->is_config && buf_add(&f->body, piece, n) != 0)
			return err_set(e, ERR_LIMIT, "a configuration is too large");
	} while (n > 0);
	digest_final(HASH_SHA256, h, &f->digest);
	f->known = true;
	a->kept_bytes += f->body.n;
	if (a->kept_bytes > BUNDLE_MAX_MANIFEST_BYTES)
		return err_set(e, ERR_LIMIT, "more than %u bytes of configurations",
			       BUNDLE_MAX_MANIFEST_BYTES);
	map_put(a->blob, bundle_text(&f->digest).s, f);
	return 0;
}

static int second_reading(struct bundle_tar *a, struct tar_reader *r,
			  const struct tar_entry *entry, void *arg, struct err *e)
{
	struct bundle_file *f = map_get(a->file, entry->name);

	(void)arg;
	if (f == NULL || entry->kind != TAR_FILE || f->known || f->link != NULL ||
	    !(f->is_config || f->is_layer))
		return 0;
	return hash_file(a, r, f, e);
}

/* The manifest of one image of the list. */
static int make_manifest(struct bundle_tar *a, const struct dockersave_image *image,
			 struct digest *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	CLEANUP(mem_freep)
	struct dockersave_file *layer =
		mem_alloc((json_len(image->layer) + 1) * sizeof(*layer));
	struct bundle_file *config = find(a, image->config), *f;
	struct dockersave_file top;
	size_t i, n = json_len(image->layer);

	if (config == NULL || !config->is_config || !config->known)
		return err_set(e, ERR_INVALID,
			       "the archive lacks its configuration, %.100s",
			       image->config);
	for (i = 0; i < n; i++) {
		const char *name = json_str(json_at(image->layer, i));

		f = find(a, name);
		if (f == NULL || !f->known)
			return err_set(e, ERR_INVALID,
				       "the archive lacks its layer %.150s", name);
		layer[i] = (struct dockersave_file){ f->digest, f->size, f->packing };
	}
	top = (struct dockersave_file){ config->digest, config->size, DOCKERSAVE_PLAIN };
	if (dockersave_make(&body, buf_view(&config->body), &top, layer, n, e) != 0)
		return -1;
	digest_of(HASH_SHA256, body.p, body.n, out);
	if (map_get(a->manifest, bundle_text(out).s) == NULL)
		map_put(a->manifest, bundle_text(out).s,
			stored_new(out, MEDIATYPE_OCI_MANIFEST, buf_view(&body)));
	return 0;
}

static int add_image(struct bundle *b, struct bundle_tar *a,
		     const struct dockersave_image *image, struct err *e)
{
	struct bundle_image made = { .is_made = true };
	size_t i, n = json_len(image->tags);

	made.is_bad = make_manifest(a, image, &made.digest, &made.why) != 0;
	for (i = 0; i < (n > 0 ? n : 1); i++) {
		struct bundle_image *one = bundle_add(b, e);

		if (one == NULL)
			return -1;
		*one = made;
		one->name = mem_dup(n > 0 ? json_str(json_at(image->tags, i)) : NULL);
	}
	return 0;
}

int bundle_docker_read(struct bundle *b, struct bundle_tar *a, struct err *e)
{
	struct dockersave list;
	size_t i;
	int rc;

	if (dockersave_parse(buf_view(&a->docker), &list, e) != 0)
		return -1;
	mark_needed(a, &list);
	rc = bundle_tar_each(a, second_reading, NULL, e);
	for (i = 0; i < list.n && rc == 0; i++)
		rc = add_image(b, a, &list.image[i], e);
	dockersave_done(&list);
	return rc;
}
