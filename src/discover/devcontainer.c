/*
 * devcontainer.c - reading devcontainer.json. No state.
 */
#include "discover/devcontainer.h"

#include <string.h>

#include "base/mem.h"

static const char local[] = "${localEnv:";

static int put_text(struct buf *out, const char *p, size_t n, struct err *e)
{
	return buf_add(out, p, n) == 0 ? 0 : err_set(e, ERR_LIMIT, "too long");
}

static int put(struct reading *r, struct view inside, struct buf *out, struct err *e)
{
	const char *colon = memchr(inside.p, ':', inside.n), *value;
	size_t n = colon != NULL ? (size_t)(colon - inside.p) : inside.n;
	CLEANUP(mem_freep)
	char *name = mem_dupn(inside.p, n);

	value = r->variable != NULL ? r->variable(r->arg, name) : NULL;
	if (value == NULL || value[0] == '\0') {
		if (colon == NULL)
			return err_set(e, ERR_INVALID, "%.100s has no value", name);
		return put_text(out, colon + 1, inside.n - n - 1, e);
	}
	return put_text(out, value, strlen(value), e);
}

/* text with ${localEnv:...} put in. */
static int expand(struct reading *r, const char *text, struct buf *out, struct err *e)
{
	while (*text != '\0') {
		const char *end = strncmp(text, local, strlen(local)) == 0
					  ? strchr(text, '}')
					  : NULL;
		struct view inside = { text + strlen(local), 0 };

		if (end == NULL) {
			if (put_text(out, text++, 1, e) != 0)
				return -1;
			continue;
		}
		inside.n = (size_t)(end - inside.p);
		if (put(r, inside, out, e) != 0)
			return -1;
		text = end + 1;
	}
	return 0;
}

static void read_build(struct reading *r, const struct yaml *file,
		       const struct yaml *args)
{
	struct build b = { .where = "build", .line = (unsigned)file->line };
	const struct yaml *y;

	b.dockerfile = file->text;
	for (y = args != NULL && args->kind == YAML_MAP ? args->child : NULL; y != NULL;
	     y = y->next) {
		CLEANUP(buf_done)
		struct buf value = BUF_INIT(FIND_MAX_TEXT);

		if (reading_text(y) != NULL && expand(r, y->text, &value, NULL) == 0)
			vars_set(&b.args, y->key, buf_str(&value));
	}
	reading_build(r, b);
	vars_done(&b.args);
}

static void also(struct reading *r, const struct yaml *path)
{
	if (reading_text(path) != NULL && r->also != NULL)
		r->also(r->tree_arg, FIND_COMPOSE, path->text);
}

void devcontainer_read(struct reading *r, const struct yaml *doc)
{
	const struct yaml *image = yaml_get(doc, "image"),
			  *build = yaml_get(doc, "build");
	const struct yaml *compose = yaml_get(doc, "dockerComposeFile"), *y;
	const struct yaml *file = yaml_get(build, "dockerfile");
	struct err why = { 0 };

	if (reading_text(file) == NULL)
		file = yaml_get(doc, "dockerFile");
	if (reading_text(file) != NULL) {
		read_build(r, file, yaml_get(build, "args"));
	} else if (reading_text(image) != NULL) {
		CLEANUP(buf_done)
		struct buf text = BUF_INIT(FIND_MAX_TEXT);

		if (expand(r, image->text, &text, &why) != 0)
			reading_unknown(r, image, "image", why.msg);
		else
			reading_node(r, image, "image", buf_str(&text));
	}
	also(r, compose);
	if (compose != NULL && compose->kind == YAML_LIST)
		for (y = compose->child; y != NULL; y = y->next)
			also(r, y);
}
