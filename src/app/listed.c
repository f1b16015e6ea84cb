/*
 * listed.c - a set of "repository:tag" and "repository@digest".
 */
#include "app/listed.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/imageargs.h"
#include "base/map.h"
#include "base/mem.h"
#include "mirror/named.h"

struct listed {
	struct map *images;
};

typedef char listed_key[NAME_MAX_BYTES + DIGEST_TEXT_MAX + TAG_MAX_BYTES];

static void key_of(listed_key key, const struct reponame *name, const char *tag,
		   const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	if (d == NULL) {
		snprintf(key, sizeof(listed_key), "%s:%s", name->s, tag);
		return;
	}
	digest_text(d, text);
	snprintf(key, sizeof(listed_key), "%s@%s", name->s, text);
}

/* A name that leads nowhere protects nothing. */
static void add(struct listed *l, struct plan *plan, const struct imageref *image)
{
	struct route route;
	listed_key key;

	if (named_route(plan, image, &route, NULL) != 0)
		return;
	key_of(key, &route.name, image->tag, image->has_digest ? &image->digest : NULL);
	map_put(l->images, key, l);
	if (image->tag[0] != '\0') {
		key_of(key, &route.name, image->tag, NULL);
		map_put(l->images, key, l);
	}
	route_done(&route);
}

struct listed *listed_load(const char *path, struct plan *plan, char **env, struct err *e)
{
	const struct option_values files = { .v = { path }, .n = path != NULL };
	struct listed *l = mem_alloc(sizeof(*l));
	struct imageargs a = { 0 };
	size_t i;
	int rc;

	l->images = map_new(2 * IMAGEARGS_MAX);
	rc = path == NULL ? 0 : imageargs_read(&a, NULL, 0, &files, env, e);
	for (i = 0; rc == 0 && i < a.n; i++) {
		if (a.arg[i]->bad) {
			*e = a.arg[i]->im.err;
			rc = err_add(e, "%s", a.arg[i]->text);
		} else {
			add(l, plan, &a.arg[i]->im.image);
		}
	}
	imageargs_done(&a);
	if (rc == 0)
		return l;
	listed_free(l);
	return NULL;
}

void listed_free(struct listed *l)
{
	if (l == NULL)
		return;
	map_free(l->images, NULL);
	free(l);
}

bool listed_has(void *listed, const struct retire_image *im)
{
	const struct listed *l = listed;
	listed_key key;

	if (im->tag[0] != '\0') {
		key_of(key, &im->repository, im->tag, NULL);
		if (map_get(l->images, key) != NULL)
			return true;
	}
	if (!im->has_digest)
		return false;
	key_of(key, &im->repository, "", &im->digest);
	return map_get(l->images, key) != NULL;
}
