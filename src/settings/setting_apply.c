/*
 * setting_apply.c - walks a tree beside the table.
 */
#include "settings/setting_apply.h"

#include <stdio.h>
#include <string.h>

#include "settings/setting_set.h"
#include "base/mem.h"

struct walk {
	struct setting_draft *d;
	const char *source;
	bool is_file;
};

/* "config.yml:12: larder.freshness: " or "LARDER_FRESHNESS: larder.freshness: " */
static int add_place(const struct walk *w, const struct setting_path *path, int line,
		     struct err *e)
{
	char key[160];

	setting_path_text(path, key, sizeof(key));
	if (w->is_file)
		return err_add(e, "%.120s:%d%s%s", w->source, line, *key ? ": " : "",
			       key);
	return err_add(e, "%.120s: %s", w->source, key);
}

/* registry:2 takes any unknown name below "storage" for a driver, and so do we: it would
 * be wrong to keep images somewhere else than where they were wanted. */
static bool is_driver(const struct setting_path *path)
{
	struct setting_path head = *path;

	head.n = 2;
	return path->n >= 2 && strcmp(path->part[0], "storage") == 0 &&
	       !setting_path_is_inner(&head) && !setting_path_row(&head);
}

static int unknown(const struct walk *w, const struct setting_path *path, int line,
		   struct err *e)
{
	char key[160], near[160], place[160];
	size_t distance = setting_path_nearest(path, near, sizeof(near));

	setting_path_text(path, key, sizeof(key));
	snprintf(place, sizeof(place), w->is_file ? "%.120s:%d" : "%.120s", w->source,
		 line);
	if (strcmp(path->part[0], "larder") == 0)
		return err_set(e, ERR_INVALID,
			       "%s: unknown setting %s; did you mean %s? `larder help "
			       "settings` lists all",
			       place, key, near);
	if (is_driver(path))
		return err_set(e, ERR_INVALID,
			       "%s: %s: this storage driver is not supported yet by this "
			       "version; storage.filesystem is",
			       place, key);
	if (setting_path_is_slip(distance, key))
		setting_draft_warn(w->d,
				   "%s: unknown setting %s is ignored; did you mean %s?",
				   place, key, near);
	else
		setting_draft_warn(w->d, "%s: unknown setting %s is ignored", place, key);
	return 0;
}

static int walk(const struct walk *w, const struct setting_path *path,
		const struct yaml *node, struct err *e);

static int walk_child(const struct walk *w, const struct setting_path *path,
		      const struct yaml *child, struct err *e)
{
	struct setting_path below = *path;

	if (below.n == SETTING_DEPTH)
		return unknown(w, path, child->line, e);
	below.part[below.n++] = child->key;
	return walk(w, &below, child, e);
}

static int walk_inner(const struct walk *w, const struct setting_path *path,
		      const struct yaml *node, struct err *e)
{
	/* A host alone is an upstream with its defaults. */
	if (path->n == 3 && setting_set_base(w->d, path, e) == NULL)
		return add_place(w, path, node->line, e);
	if (node->kind == YAML_NULL)
		return 0;
	/* "storage: filesystem" is short for a map with that one key. */
	if (node->kind == YAML_SCALAR && path->n == 1 &&
	    strcmp(path->part[0], "storage") == 0) {
		struct yaml child = { .kind = YAML_NULL,
				      .line = node->line,
				      .key = node->text };

		return walk_child(w, path, &child, e);
	}
	if (node->kind != YAML_MAP) {
		err_set(e, ERR_INVALID, "must be a map of settings");
		return add_place(w, path, node->line, e);
	}
	for (const struct yaml *child = node->child; child; child = child->next)
		if (walk_child(w, path, child, e) != 0)
			return -1;
	return 0;
}

/* Recursion ends at the table's depth. */
static int walk(const struct walk *w, const struct setting_path *path,
		const struct yaml *node, struct err *e)
{
	const struct setting_row *row = path->n ? setting_path_row(path) : NULL;
	bool inner = setting_path_is_inner(path);
	int line;

	if (row && !(inner && node->kind == YAML_MAP)) {
		if (setting_set(w->d, row, path, node, &line, e) != 0)
			return add_place(w, path, line, e);
		return 0;
	}
	if (inner)
		return walk_inner(w, path, node, e);
	return unknown(w, path, node->line, e);
}

int setting_apply(struct setting_draft *d, const char *source, bool is_file,
		  const struct setting_path *path, const struct yaml *node, struct err *e)
{
	struct walk w = { d, source, is_file };

	return walk(&w, path, node, e);
}

int setting_apply_file(struct setting_draft *d, const char *name, struct view text,
		       struct err *e)
{
	CLEANUP(yaml_freep)
	struct yaml *tree = yaml_parse(text, e);
	struct setting_path top = { .n = 0 };
	const struct yaml *version;

	if (tree == NULL)
		return err_add(e, "%.200s", name);
	version = yaml_get(tree, "version");
	if (version == NULL || version->kind != YAML_SCALAR)
		return err_set(e, ERR_INVALID, "%.200s: must say \"version: 0.1\" first",
			       name);
	return setting_apply(d, name, true, &top, tree, e);
}
