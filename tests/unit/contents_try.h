/*
 * contents_try.h - contents of images, made by hand.
 */
#ifndef LARDER_TESTS_CONTENTS_TRY_H
#define LARDER_TESTS_CONTENTS_TRY_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "trust/contents.h"

#define TRY_LAYERS 8

/* An image without anything, of linux/amd64; lists of texts are static. */
static inline void try_begin(struct contents *c)
{
	*c = (struct contents){ .bytes = 1000 };
	digest_of(HASH_SHA256, "manifest", 8, &c->digest);
	c->config = (struct contents_config){ .created = "2024-01-02T03:04:05Z",
					      .user = "",
					      .workdir = "",
					      .stop_signal = "",
					      .healthcheck = "" };
	snprintf(c->config.platform.os, sizeof(c->config.platform.os), "linux");
	snprintf(c->config.platform.arch, sizeof(c->config.platform.arch), "amd64");
	c->layer = test_calloc(TRY_LAYERS, sizeof(*c->layer));
}

static inline void try_end(struct contents *c)
{
	packages_done(&c->packages);
	test_free(c->layer);
}

static inline void try_add(struct contents *c, const struct package_found *found)
{
	struct err e;

	assert_int_equal(packages_add(&c->packages, found, &e), 0);
}

/* "deb libc6 2.36-9 amd64 var/lib/dpkg/status", the last two may be missing; "-" is none.
 */
static inline void try_package(struct contents *c, const char *line)
{
	static const char *const kinds[] = { "deb", "apk", "rpm", "python" };
	struct view rest = view_of(line), kind = view_word(&rest);
	struct package_found f = { .name = view_word(&rest) };
	size_t i;

	for (i = 0; i < 4; i++)
		if (view_is(kind, kinds[i]))
			f.kind = (enum package_kind)i;
	f.version = view_word(&rest);
	f.arch = view_word(&rest);
	if (view_is(f.arch, "-"))
		f.arch.n = 0;
	f.path = view_word(&rest);
	try_add(c, &f);
}

/* Lines as above, ended by NULL; then sorted. */
static inline void try_packages(struct contents *c, const char *const *line)
{
	for (; *line != NULL; line++)
		try_package(c, *line);
	packages_sort(&c->packages);
}

/* A layer whose digests are of these texts; its size. */
static inline void try_layer(struct contents *c, const char *packed, const char *unpacked,
			     uint64_t size)
{
	struct contents_layer *l = &c->layer[c->nlayers++];

	assert_true(c->nlayers <= TRY_LAYERS);
	digest_of(HASH_SHA256, packed, strlen(packed), &l->digest);
	digest_of(HASH_SHA256, unpacked, strlen(unpacked), &l->diff_id);
	l->has_diff_id = true;
	l->size = size;
	l->created_by = "";
	l->read = true;
}

static inline void try_system(struct contents *c, const char *id, const char *version,
			      const char *name)
{
	snprintf(c->os.id, sizeof(c->os.id), "%s", id);
	snprintf(c->os.version_id, sizeof(c->os.version_id), "%s", version);
	snprintf(c->os.name, sizeof(c->os.name), "%s", name);
}

#endif
