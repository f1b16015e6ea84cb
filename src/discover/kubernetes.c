/*
 * kubernetes.c - containers within manifests. No state.
 */
#include "discover/kubernetes.h"

#include <string.h>

#include "base/mem.h"
#include "discover/kaniko.h"

static bool is_one_of(const char *key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(key, *names) == 0)
			return true;
	return false;
}

static const char *const container_lists[] = { "containers", "initContainers",
					       "ephemeralContainers", NULL };
/* Of Argo Workflows, beside those. */
static const char *const container_maps[] = { "container", "script", NULL };
static const char *const other_lists[] = { "sidecars", NULL };

/* Its command and arguments, where it is kaniko. */
static void read_kaniko(struct reading *r, const struct yaml *c, const char *where)
{
	const char *const keys[] = { "command", "args" };
	char *word[KANIKO_MAX_WORDS];
	size_t n = 0, i;
	enum find_kind kind = r->kind;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const struct yaml *list = yaml_get(c, keys[i]), *y;

		for (y = list != NULL ? list->child : NULL;
		     y != NULL && n < KANIKO_MAX_WORDS; y = y->next)
			if (y->kind == YAML_SCALAR)
				word[n++] = y->text;
	}
	r->kind = FIND_KANIKO;
	kaniko_words(r, word, n, (unsigned)c->line, where);
	r->kind = kind;
}

static void read_container(struct reading *r, const struct yaml *c, const char *key)
{
	const struct yaml *image = yaml_get(c, "image");
	const char *text = reading_text(image);
	CLEANUP(mem_freep)
	char *where = mem_fmt("%s.image", key);
	CLEANUP(mem_freep)
	char *args = mem_fmt("%s.args", key);

	if (text == NULL || strncmp(text, "ko://", 5) == 0)
		return; /* what ko makes has no base that is named here */
	reading_node(r, image, where, NULL);
	if (kaniko_is(text))
		read_kaniko(r, c, args);
}

static void read_list(struct reading *r, const struct yaml *list)
{
	const struct yaml *c;

	for (c = list->child; c != NULL; c = c->next)
		read_container(r, c, list->key);
}

static void read_volumes(struct reading *r, const struct yaml *list)
{
	const struct yaml *v;

	for (v = list->child; v != NULL; v = v->next)
		reading_node(r, reading_down(v, "image", "reference", NULL),
			     "volumes.image.reference", NULL);
}

/* Recursion is as deep as a tree may be. */
static void walk(struct reading *r, const struct yaml *y, bool argo)
{
	const struct yaml *c;

	for (c = y->child; c != NULL; c = c->next) {
		const char *key = c->key != NULL ? c->key : "";

		if (c->kind == YAML_LIST && (is_one_of(key, container_lists) ||
					     (argo && is_one_of(key, other_lists))))
			read_list(r, c);
		else if (c->kind == YAML_LIST && strcmp(key, "volumes") == 0)
			read_volumes(r, c);
		else if (c->kind == YAML_MAP && argo && is_one_of(key, container_maps))
			read_container(r, c, key);
		else
			walk(r, c, argo);
	}
}

bool kubernetes_is(const struct yaml *doc)
{
	return reading_text(yaml_get(doc, "apiVersion")) != NULL &&
	       reading_text(yaml_get(doc, "kind")) != NULL;
}

void kubernetes_read(struct reading *r, const struct yaml *doc)
{
	static const char *const passed[] = { "CustomResourceDefinition", "ConfigMap",
					      "Secret", NULL };
	const char *kind = reading_text(yaml_get(doc, "kind"));
	const char *api = reading_text(yaml_get(doc, "apiVersion"));
	const struct yaml *items = yaml_get(doc, "items"), *y;

	if (kind == NULL || is_one_of(kind, passed))
		return;
	if (items != NULL && items->kind == YAML_LIST) {
		for (y = items->child; y != NULL; y = y->next)
			kubernetes_read(r, y);
		return;
	}
	walk(r, doc, api != NULL && strncmp(api, "argoproj.io/", 12) == 0);
}

/* --- kustomize --- */

bool kubernetes_is_kustomization(const struct yaml *doc)
{
	const char *api = reading_text(yaml_get(doc, "apiVersion"));

	return api != NULL && strncmp(api, "kustomize.config.k8s.io/", 24) == 0;
}

void kubernetes_kustomize(struct reading *r, const struct yaml *doc)
{
	const struct yaml *images = yaml_get(doc, "images"), *y;

	for (y = images != NULL ? images->child : NULL; y != NULL; y = y->next) {
		const struct yaml *old = yaml_get(y, "name"),
				  *other = yaml_get(y, "newName");
		const char *name = reading_text(other), *was = reading_text(old);
		const char *tag = reading_text(yaml_get(y, "newTag"));
		const char *digest = reading_text(yaml_get(y, "digest"));
		const struct yaml *at = name != NULL ? other : old;
		CLEANUP(mem_freep)
		char *image = NULL;

		if (name == NULL)
			name = was;
		if (name == NULL)
			continue;
		if (tag == NULL && digest == NULL) {
			if (other != NULL)
				reading_unknown(r, at, "images.newName",
						"its tag is that of the manifests");
			continue;
		}
		image = mem_fmt("%s%s%s%s%s", name, tag != NULL ? ":" : "",
				tag != NULL ? tag : "", digest != NULL ? "@" : "",
				digest != NULL ? digest : "");
		reading_node(r, at, "images", image);
	}
}
