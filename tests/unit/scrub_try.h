/*
 * scrub_try.h - a store with something wrong of each kind, and what a scrub of it says.
 */
#ifndef LARDER_TESTS_SCRUB_TRY_H
#define LARDER_TESTS_SCRUB_TRY_H

#include <unistd.h>

#include "image_try.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/quarantine.h"
#include "store/scrub.h"
#include "store/tag.h"
#include "store_try.h"

#define MOST 200
#define REPOSITORIES 6
#define IMAGES 4

struct heard {
	enum scrub_kind kind;
	layout_path path;
	size_t images;
	char image[SCRUB_MAX_IMAGES][80];
};

struct told {
	struct heard h[MOST];
	int n;
	int left; /* steps of pace() until it says no; -1: for ever */
	int steps;
	bool naps; /* so that a slice of a millisecond is over */
};

static inline void found(void *arg, const struct scrub_finding *f)
{
	struct told *t = arg;
	struct heard *h = &t->h[t->n++];
	size_t i;

	assert_in_range(t->n, 1, MOST - 1);
	h->kind = f->kind;
	h->images = f->images;
	snprintf(h->path, sizeof(h->path), "%s", f->path);
	for (i = 0; i < f->nimages; i++)
		snprintf(h->image[i], sizeof(h->image[i]), "%s", f->image[i]);
}

static inline bool pace(void *arg, uint64_t bytes)
{
	struct told *t = arg;

	if (t->naps)
		usleep(1500);
	t->steps++;
	if (t->left > 0)
		t->left--;
	return t->left != 0;
}

static inline bool is_local(void *arg, const struct reponame *name)
{
	return strncmp(name->s, "own", 3) == 0;
}

/* Repositories of which the last layer of each is the same, in all of them. */
static inline void fill(struct store *s)
{
	char name[40], config[40], layer[40], tag[8];
	int i, k;

	for (i = 0; i < REPOSITORIES; i++)
		for (k = 0; k < IMAGES; k++) {
			snprintf(name, sizeof(name), "%s/%d", i < 4 ? "own" : "there", i);
			snprintf(config, sizeof(config), "config %d %d", i, k);
			snprintf(layer, sizeof(layer), "layer %d %d", i, k);
			snprintf(tag, sizeof(tag), "%d", k);
			image(s, name, config, k == IMAGES - 1 ? "shared" : layer, tag);
		}
}

static inline void lose(struct store *s, const char *content)
{
	struct digest d = try_digest(content);
	layout_path path;

	blob_remove(s, &d);
	quarantine_forget(s, &d);
	layout_blob(path, &d);
	*strrchr(path, '/') = '\0';
	assert_int_equal(fs_mkdirs(s->dirfd, path, false, NULL), 0);
}

static inline void spoil(struct store *s, const char *content, const char *now)
{
	struct digest d = try_digest(content);
	layout_path path;

	layout_blob(path, &d);
	try_put(s, path, now);
}

/* One of each kind, each time anew, and no pass begun. */
static inline void plant(struct store *s)
{
	struct reponame own = try_name("own/2"), there = try_name("there/5");
	struct digest layer = try_digest("layer 2 1"), at;
	layout_path path, folder;

	spoil(s, "shared", "sh4red");
	spoil(s, "config 3 0", "");
	spoil(s, "layer 0 0", "other");
	lose(s, "layer 1 1"); /* of a local one */
	lose(s, "layer 5 2"); /* of a mirrored one: its folder says so */
	layout_layer(path, &own, &layer);
	try_put(s, path, "torn");
	layout_tag(path, &own, "3");
	try_put(s, path, "sha2");
	if (tag_get(s, &there, "1", &at, NULL) == 0) {
		layout_tag_index(folder, &there, "1", &at);
		fs_unlink(s->dirfd, folder, NULL);
	}
	layout_tag(path, &there, "1");
	try_put(s, path, "");
	layout_tag(path, &there, "2"); /* and its history is lost */
	layout_type(path, &layer);
	try_put(s, path, "no note");
	layout_history(path, &own, "9");
	try_put(s, path, "no note");
	try_put(s, "docker/registry/v2/mine", "");
	fs_unlink(s->dirfd, LAYOUT_SCRUB_STATE, NULL);
}

static inline struct scrub_ask ask_of(struct store *s, struct told *t)
{
	memset(t, 0, sizeof(*t));
	t->left = -1;
	return (struct scrub_ask){ .store = s,
				   .is_local = is_local,
				   .pace = pace,
				   .found = found,
				   .arg = t,
				   .go_on = true };
}

#endif
