/*
 * load_tar.c - what is in such an archive; mirror/tarball.h makes it.
 */
#include "mirror/load_tar.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/dockersave.h"
#include "oci/ocilayout.h"

#define SMALL_MAX_BYTES (4u << 20) /* manifest.json of the most layers there can be */

struct load_tar {
	struct tarball *ball;
	struct buf index, docker; /* index.json, manifest.json */
};

/* The OCI layout's list: one image, and what it is called. */
static void make_index(struct load_tar *t, const struct choice *image, const char *name)
{
	const struct ocilayout_image one = {
		.digest = image->manifest->digest,
		.size = image->manifest->n,
		.media_type = image->parsed.media_type,
		.name = name,
		.ref = strrchr(name, ':') + 1,
	};

	ocilayout_begin(&t->index);
	ocilayout_add(&t->index, 0, &one);
	ocilayout_end(&t->index);
}

/* What `docker load` has read since 1.10: in its first form the layers are named in
 * order. */
static void make_docker(struct load_tar *t, const struct choice *image, const char *name)
{
	buf_adds(&t->docker, "[");
	dockersave_add(&t->docker, &image->parsed, name);
	buf_adds(&t->docker, "]");
}

static void list_entries(struct load_tar *t, const struct choice *image)
{
	const struct manifest *m = &image->parsed;
	size_t i;

	tarball_dir(t->ball, "blobs/");
	tarball_dir(t->ball, "blobs/sha256/");
	tarball_dir(t->ball, "blobs/sha512/");
	tarball_bytes(t->ball, "oci-layout", view_of(ocilayout_version));
	tarball_bytes(t->ball, "index.json", buf_view(&t->index));
	tarball_bytes(t->ball, "manifest.json", buf_view(&t->docker));
	tarball_blob(t->ball, &image->manifest->digest, image->manifest->n);
	for (i = 0; i < m->nchildren; i++)
		tarball_blob(t->ball, &m->child[i].digest, m->child[i].size);
}

struct load_tar *load_tar_new(struct store *s, const struct choice *image,
			      const char *name, atomic_ullong *sent)
{
	struct load_tar *t = mem_alloc(sizeof(*t));

	t->ball = tarball_new(s, sent);
	buf_init(&t->index, SMALL_MAX_BYTES);
	buf_init(&t->docker, SMALL_MAX_BYTES);
	make_index(t, image, name);
	make_docker(t, image, name);
	list_entries(t, image);
	return t;
}

void load_tar_free(struct load_tar *t)
{
	if (t == NULL)
		return;
	tarball_free(t->ball);
	buf_done(&t->index);
	buf_done(&t->docker);
	free(t);
}

struct tarball *load_tar_ball(struct load_tar *t)
{
	return t->ball;
}
