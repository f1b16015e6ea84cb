/*
 * contents_config.c - an image's configuration (OCI image-spec config.md). What is not
 * there, or of another type than it should be, counts as not said.
 */
#include "trust/contents_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *text(struct arena *a, const struct json *object, const char *key)
{
	return arena_dup(a, view_of(json_get_str(object, key)));
}

static void short_text(char *to, size_t room, const struct json *object, const char *key)
{
	const char *s = json_get_str(object, key);

	snprintf(to, room, "%s", s != NULL ? s : "");
}

/* The strings of an array. */
static const char **list(struct arena *a, const struct json *array, size_t *n)
{
	size_t i, most = json_len(array);
	const char **out = most > 0 ? arena_alloc(a, most * sizeof(*out)) : NULL;

	for (i = 0, *n = 0; i < most; i++) {
		const char *s = json_str(json_at(array, i));

		if (s != NULL)
			out[(*n)++] = arena_dup(a, view_of(s));
	}
	return out;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_name(const void *pa, const void *pb)
{
	const struct contents_pair *a = pa, *b = pb;
	int rc = strcmp(a->name, b->name);

	return rc != 0 ? rc : strcmp(a->value, b->value);
}

static size_t count(const struct json *object)
{
	void *at = NULL;
	const struct json *value;
	const char *key;
	size_t n = 0;

	while (json_each(object, &at, &key, &value))
		n++;
	return n;
}

/* The names of an object's members, sorted. */
static const char **keys(struct arena *a, const struct json *object, size_t *n)
{
	const char **out = arena_alloc(a, count(object) * sizeof(*out));
	const struct json *value;
	void *at = NULL;
	const char *key;

	*n = 0;
	while (json_each(object, &at, &key, &value))
		out[(*n)++] = arena_dup(a, view_of(key));
	if (*n > 1)
		qsort(out, *n, sizeof(*out), by_text);
	return out;
}

static struct contents_pair *labels(struct arena *a, const struct json *object, size_t *n)
{
	struct contents_pair *out = arena_alloc(a, count(object) * sizeof(*out));
	const struct json *value;
	void *at = NULL;
	const char *key;

	*n = 0;
	while (json_each(object, &at, &key, &value))
		out[(*n)++] = (struct contents_pair){
			arena_dup(a, view_of(key)),
			arena_dup(a, view_of(json_str(value))),
		};
	if (*n > 1)
		qsort(out, *n, sizeof(*out), by_name);
	return out;
}

/* "NAME=value" */
static struct contents_pair *env(struct arena *a, const struct json *array, size_t *n)
{
	const char **all = list(a, array, n);
	struct contents_pair *out = arena_alloc(a, *n * sizeof(*out));
	size_t i;

	for (i = 0; i < *n; i++) {
		const char *equals = strchr(all[i], '=');
		size_t len = equals != NULL ? (size_t)(equals - all[i]) : strlen(all[i]);

		out[i].name = arena_dup(a, (struct view){ all[i], len });
		out[i].value = equals != NULL ? equals + 1 : "";
	}
	if (*n > 1)
		qsort(out, *n, sizeof(*out), by_name);
	return out;
}

static const char *health(struct arena *a, const struct json *v)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CONTENTS_MAX_CONFIG);

	if (!json_is_object(v) || json_write(&out, v) != 0)
		return "";
	return arena_dup(a, buf_view(&out));
}

static void run(struct arena *a, const struct json *v, struct contents_config *c)
{
	const struct json *entrypoint = json_get(v, "Entrypoint");
	const struct json *cmd = json_get(v, "Cmd");

	c->user = text(a, v, "User");
	c->workdir = text(a, v, "WorkingDir");
	c->stop_signal = text(a, v, "StopSignal");
	c->healthcheck = health(a, json_get(v, "Healthcheck"));
	c->has_entrypoint = json_is_array(entrypoint);
	c->has_cmd = json_is_array(cmd);
	c->entrypoint = list(a, entrypoint, &c->nentrypoint);
	c->cmd = list(a, cmd, &c->ncmd);
	c->env = env(a, json_get(v, "Env"), &c->nenv);
	c->label = labels(a, json_get(v, "Labels"), &c->nlabel);
	c->port = keys(a, json_get(v, "ExposedPorts"), &c->nport);
	c->volume = keys(a, json_get(v, "Volumes"), &c->nvolume);
}

/* Both lists are of the layers in their order; history has more, which left no layer. */
static void layers(const struct json *doc, struct contents *out)
{
	const struct json *ids = json_get(json_get(doc, "rootfs"), "diff_ids");
	const struct json *history = json_get(doc, "history");
	size_t i, n = 0;
	bool empty;

	for (i = 0; i < out->nlayers; i++)
		out->layer[i].has_diff_id =
			digest_parse(view_of(json_str(json_at(ids, i))),
				     &out->layer[i].diff_id, NULL) == 0;
	for (i = 0; i < json_len(history) && n < out->nlayers; i++) {
		const struct json *v = json_at(history, i);

		if (!json_get_bool(v, "empty_layer", &empty) || !empty)
			out->layer[n++].created_by = text(out->arena, v, "created_by");
	}
}

int contents_config(const struct json *doc, struct contents *out, struct err *e)
{
	struct contents_config *c = &out->config;

	if (!json_is_object(doc))
		return err_set(e, ERR_INVALID, "the image's configuration is no object");
	short_text(c->platform.os, sizeof(c->platform.os), doc, "os");
	short_text(c->platform.arch, sizeof(c->platform.arch), doc, "architecture");
	short_text(c->platform.variant, sizeof(c->platform.variant), doc, "variant");
	c->created = text(out->arena, doc, "created");
	run(out->arena, json_get(doc, "config"), c);
	layers(doc, out);
	return 0;
}
