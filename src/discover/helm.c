/*
 * helm.c - values by their conventions. No state but the caller's.
 */
#include "discover/helm.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define PATH_MAX_BYTES 300 /* of keys, one below the other */

struct walk {
	struct helm *h;
	struct reading *r;
	const struct yaml *registry; /* global.imageRegistry, if it is not empty */
	bool over;		     /* the file stands over values.yaml */
};

static bool ends_in_image(const char *key)
{
	size_t n = strlen(key);

	return n >= 5 && strcasecmp(key + n - 5, "image") == 0;
}

/* A text that is not empty, or NULL. */
static const struct yaml *filled(const struct yaml *y)
{
	return reading_text(y) != NULL && y->text[0] != '\0' ? y : NULL;
}

/* map[key], or what values.yaml has in that place. */
static const struct yaml *get(struct walk *w, const struct yaml *map, const char *path,
			      const char *key)
{
	const struct yaml *y = yaml_get(map, key), *base = w->h->values;
	const char *p = path;

	if (y != NULL || !w->over)
		return filled(y);
	while (base != NULL && *p != '\0') {
		size_t n = strcspn(p, ".");
		CLEANUP(mem_freep)
		char *part = mem_dupn(p, n);

		base = yaml_get(base, part);
		p += n + (p[n] == '.');
	}
	return filled(yaml_get(base, key));
}

static const struct yaml *first(const struct yaml *a, const struct yaml *b)
{
	return a != NULL ? a : b;
}

/* The tag where the values have none: the chart's appVersion, if templates say so. */
static char *app_version(struct walk *w, const char *path)
{
	const struct yaml *version = filled(yaml_get(w->h->chart, "appVersion"));
	const char *before = vars_get(&w->h->tags, path);

	if (version == NULL || (before == NULL && strcmp(path, "image") != 0))
		return NULL;
	return mem_fmt("%s%s", before != NULL ? before : "", version->text);
}

static bool has_any(const struct yaml *map, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (yaml_get(map, *keys) != NULL)
			return true;
	return false;
}

/* Is the map an image by its keys? */
static bool is_block(struct walk *w, const struct yaml *map, const char *path)
{
	static const char *const tags[] = { "tag", "digest", NULL };
	static const char *const beside[] = { "tag",	    "digest",	       "registry",
					      "pullPolicy", "imagePullPolicy", NULL };
	const char *last = strrchr(path, '.');

	last = last != NULL ? last + 1 : path;
	if (yaml_get(map, "repository") != NULL)
		return has_any(map, beside) || ends_in_image(last);
	if (yaml_get(map, "name") != NULL && yaml_get(map, "tag") != NULL)
		return true;
	/* Another tag for what values.yaml names. */
	return w->over && has_any(map, tags) && get(w, map, path, "repository") != NULL;
}

static const char no_tag[] = "it has no tag here; the chart's templates may give it one";

static void put_off(struct helm *h, const char *path, const struct yaml *at)
{
	if ((h->npending & (h->npending - 1)) == 0) /* room for twice as many */
		h->pending =
			mem_grow(h->pending, (h->npending > 0 ? 2 * h->npending : 1) *
						     sizeof(*h->pending));
	h->pending[h->npending++] =
		(struct helm_pending){ .path = mem_dup(path), .at = at };
}

static void read_block(struct walk *w, const struct yaml *map, const char *path)
{
	const struct yaml *name =
		first(get(w, map, path, "repository"), get(w, map, path, "name"));
	const struct yaml *registry =
		first(get(w, map, path, "registry"), get(w, map, path, "hub"));
	const struct yaml *tag = get(w, map, path, "tag");
	const struct yaml *digest = get(w, map, path, "digest");
	const struct yaml *at =
		first(filled(yaml_get(map, "repository")),
		      first(filled(yaml_get(map, "name")),
			    first(yaml_get(map, "tag"), yaml_get(map, "digest"))));
	CLEANUP(mem_freep)
	char *version = NULL;
	CLEANUP(mem_freep)
	char *image = NULL;
	const char *label = tag != NULL ? tag->text : NULL;

	if (name == NULL || strstr(name->text, "://") != NULL)
		return;
	vars_set(&w->h->blocks, path, "");
	if (w->registry != NULL)
		registry = w->registry;
	if (label == NULL && digest == NULL)
		label = version = app_version(w, path);
	/* Some put the tag into the name. */
	if (label == NULL && digest == NULL && strpbrk(name->text, ":@") == NULL) {
		if (w->over)
			reading_unknown(w->r, at, path, no_tag);
		else
			put_off(w->h, path, at);
		return;
	}
	image = mem_fmt("%s%s%s%s%s%s%s", registry != NULL ? registry->text : "",
			registry != NULL ? "/" : "", name->text, label != NULL ? ":" : "",
			label != NULL ? label : "", digest != NULL ? "@" : "",
			digest != NULL ? digest->text : "");
	vars_set(&w->h->images, image, "");
	reading_node(w->r, at, path, image);
}

/* KEY: NAME:TAG, or with the tag in a key beside it. */
static void read_text(struct walk *w, const struct yaml *map, const struct yaml *y,
		      const char *path)
{
	const struct yaml *tag =
		first(filled(yaml_get(map, "imageTag")), filled(yaml_get(map, "tag")));
	bool plain = strcasecmp(y->key, "image") == 0;
	bool tagged = strpbrk(y->text, ":@") != NULL;
	CLEANUP(mem_freep)
	char *image = NULL;

	if (y->text[0] == '\0' || y->text[0] == '/' || y->text[0] == '.' ||
	    strstr(y->text, "://") != NULL || strcmp(y->text, "true") == 0 ||
	    strcmp(y->text, "false") == 0 || (!plain && !tagged))
		return;
	vars_set(&w->h->blocks, path, "");
	if (plain && tag != NULL && !tagged)
		image = mem_fmt("%s:%s", y->text, tag->text);
	vars_set(&w->h->images, image != NULL ? image : y->text, "");
	reading_node(w->r, y, path, image);
}

/* Recursion is as deep as a tree may be. */
static void walk(struct walk *w, const struct yaml *y, const char *path)
{
	const struct yaml *c;

	if (y->kind == YAML_MAP && is_block(w, y, path))
		read_block(w, y, path);
	for (c = y->child; c != NULL; c = c->next) {
		CLEANUP(mem_freep)
		char *below = c->key != NULL ? mem_fmt("%s%s%.100s", path,
						       path[0] != '\0' ? "." : "", c->key)
					     : mem_dup(path);

		if (strlen(below) > PATH_MAX_BYTES)
			continue;
		if (c->kind == YAML_MAP || c->kind == YAML_LIST)
			walk(w, c, below);
		else if (c->kind == YAML_SCALAR && c->key != NULL &&
			 ends_in_image(c->key))
			read_text(w, y, c, below);
	}
}

void helm_values(struct helm *h, struct reading *r, const struct yaml *doc)
{
	struct walk w = { .h = h, .r = r, .over = doc != h->values };

	w.registry = filled(reading_down(doc, "global", "imageRegistry", NULL));
	if (w.registry == NULL)
		w.registry =
			filled(reading_down(h->values, "global", "imageRegistry", NULL));
	walk(&w, doc, "");
}

void helm_end(struct helm *h, struct reading *r)
{
	size_t i;

	for (i = 0; i < h->npending; i++)
		if (!h->pending[i].given)
			reading_unknown(r, h->pending[i].at, h->pending[i].path, no_tag);
}

void helm_done(struct helm *h)
{
	while (h->npending > 0)
		free(h->pending[--h->npending].path);
	free(h->pending);
	vars_done(&h->blocks);
	vars_done(&h->images);
	vars_done(&h->tags);
}
