/*
 * contents_json.c - what is inside an image as one JSON object, the same for the same
 * image.
 */
#include "trust/contents.h"

#include "codec/jsonout.h"

static void texts(struct jsonout *j, const char *key, const char *const *list, size_t n)
{
	size_t i;

	jsonout_open(j, key, '[');
	for (i = 0; i < n; i++)
		jsonout_text(j, NULL, list[i]);
	jsonout_close(j, ']');
}

static void pairs(struct jsonout *j, const char *key, const struct contents_pair *list,
		  size_t n)
{
	size_t i;

	jsonout_open(j, key, '[');
	for (i = 0; i < n; i++) {
		jsonout_open(j, NULL, '{');
		jsonout_text(j, "name", list[i].name);
		jsonout_text(j, "value", list[i].value);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

static void os(struct jsonout *j, const struct contents_os *os)
{
	jsonout_open(j, "os", '{');
	jsonout_text(j, "id", os->id);
	jsonout_text(j, "version_id", os->version_id);
	jsonout_text(j, "codename", os->codename);
	jsonout_text(j, "name", os->name);
	jsonout_text(j, "id_like", os->id_like);
	jsonout_text(j, "debian_version", os->debian_version);
	jsonout_close(j, '}');
}

static void config(struct jsonout *j, const struct contents_config *c)
{
	char platform[100];

	platform_text(&c->platform, platform);
	jsonout_open(j, "config", '{');
	jsonout_text(j, "platform", platform);
	jsonout_text(j, "created", c->created);
	jsonout_text(j, "user", c->user);
	jsonout_text(j, "workdir", c->workdir);
	jsonout_text(j, "stop_signal", c->stop_signal);
	if (*c->healthcheck != '\0')
		jsonout_raw(j, "healthcheck", c->healthcheck);
	if (c->has_entrypoint)
		texts(j, "entrypoint", c->entrypoint, c->nentrypoint);
	if (c->has_cmd)
		texts(j, "cmd", c->cmd, c->ncmd);
	pairs(j, "env", c->env, c->nenv);
	pairs(j, "labels", c->label, c->nlabel);
	texts(j, "ports", c->port, c->nport);
	texts(j, "volumes", c->volume, c->nvolume);
	jsonout_close(j, '}');
}

static void layers(struct jsonout *j, const struct contents *c)
{
	char digest[DIGEST_TEXT_MAX];
	size_t i;

	jsonout_open(j, "layers", '[');
	for (i = 0; i < c->nlayers; i++) {
		const struct contents_layer *l = &c->layer[i];

		jsonout_open(j, NULL, '{');
		digest_text(&l->digest, digest);
		jsonout_text(j, "digest", digest);
		jsonout_number(j, "size", l->size);
		if (l->has_diff_id) {
			digest_text(&l->diff_id, digest);
			jsonout_text(j, "diff_id", digest);
		}
		jsonout_text(j, "media_type", l->media_type);
		jsonout_text(j, "created_by", l->created_by);
		jsonout_bool(j, "read", l->read);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

static void packages(struct jsonout *j, const struct packages *list)
{
	size_t i;

	jsonout_open(j, "packages", '[');
	for (i = 0; i < list->n; i++) {
		const struct package *p = &list->at[i];

		jsonout_open(j, NULL, '{');
		jsonout_text(j, "kind", package_word(p->kind));
		jsonout_text(j, "name", p->name);
		jsonout_text(j, "version", p->version);
		jsonout_text(j, "arch", p->arch);
		jsonout_text(j, "source", p->source);
		jsonout_text(j, "source_version", p->source_version);
		jsonout_text(j, "license", p->license);
		jsonout_text(j, "path", p->path);
		jsonout_number(j, "layer", p->layer);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

static void gaps(struct jsonout *j, const struct contents *c)
{
	size_t i;

	jsonout_open(j, "gaps", '[');
	for (i = 0; i < c->ngaps; i++) {
		jsonout_open(j, NULL, '{');
		if (c->gap[i].layer != CONTENTS_NO_LAYER)
			jsonout_number(j, "layer", c->gap[i].layer);
		jsonout_text(j, "path", c->gap[i].path);
		jsonout_text(j, "why", c->gap[i].why);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

int contents_json(const struct contents *c, struct buf *out)
{
	struct jsonout j = { .to = out };
	char digest[DIGEST_TEXT_MAX];

	digest_text(&c->digest, digest);
	jsonout_open(&j, NULL, '{');
	jsonout_text(&j, "digest", digest);
	jsonout_number(&j, "bytes", c->bytes);
	os(&j, &c->os);
	config(&j, &c->config);
	layers(&j, c);
	packages(&j, &c->packages);
	gaps(&j, c);
	jsonout_close(&j, '}');
	return jsonout_end(&j);
}
