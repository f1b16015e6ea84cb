/*
 * compare_json.c - a comparison for programs. No state.
 */
#include "trust/compare_show.h"

#include "base/mem.h"
#include "codec/jsonout.h"

static void add_side(struct jsonout *j, const char *key, const struct contents *c,
		     const char *name, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	jsonout_open(j, key, '{');
	jsonout_text(j, "image", name);
	digest_text(digest, text);
	jsonout_text(j, "digest", text);
	digest_text(&c->digest, text);
	jsonout_text(j, "manifest", text);
	platform_text(&c->config.platform, text);
	jsonout_text(j, "platform", text);
	jsonout_text(j, "created", c->config.created);
	jsonout_number(j, "bytes", c->bytes);
	jsonout_number(j, "layers", c->nlayers);
	jsonout_number(j, "packages", c->packages.n);
	jsonout_open(j, "os", '{');
	jsonout_text(j, "id", c->os.id);
	jsonout_text(j, "version", c->os.version_id);
	jsonout_text(j, "codename", c->os.codename);
	jsonout_text(j, "name", c->os.name);
	jsonout_text(j, "debianVersion", c->os.debian_version);
	jsonout_close(j, '}');
	jsonout_close(j, '}');
}

static void add_packages(struct jsonout *j, const struct comparison *c)
{
	size_t i;

	jsonout_open(j, "packages", '[');
	for (i = 0; i < c->npackages; i++) {
		const struct package *a = c->package[i].before, *b = c->package[i].after;
		const struct package *any = b != NULL ? b : a;

		jsonout_open(j, NULL, '{');
		jsonout_text(j, "kind", package_word(any->kind));
		jsonout_text(j, "name", any->name);
		jsonout_text(j, "arch", any->arch);
		jsonout_text(j, "source", any->source);
		jsonout_text(j, "change", compare_word(c->package[i].kind));
		jsonout_text(j, "before", a != NULL ? a->version : NULL);
		jsonout_text(j, "after", b != NULL ? b->version : NULL);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
	jsonout_open(j, "packageCounts", '{');
	for (i = 0; i < COMPARE_KINDS; i++)
		jsonout_number(j, compare_word((enum compare_kind)i), c->by[i]);
	jsonout_close(j, '}');
}

static void add_settings(struct jsonout *j, const struct comparison *c)
{
	size_t i;

	jsonout_open(j, "config", '[');
	for (i = 0; i < c->nsettings; i++) {
		const struct compare_setting *s = &c->setting[i];

		jsonout_open(j, NULL, '{');
		jsonout_text(j, "setting", s->what);
		if (s->name[0] != '\0')
			jsonout_text(j, "name", s->name);
		jsonout_text(j, "change", compare_word(s->kind));
		jsonout_text(j, "before", s->before);
		jsonout_text(j, "after", s->after);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

static void add_layers(struct jsonout *j, const struct comparison *c)
{
	static const char *const words[] = { "shared", "repacked", "new", "gone" };
	const struct compare_layers *const of[] = { &c->shared, &c->repacked, &c->fresh,
						    &c->gone };
	size_t i;

	jsonout_open(j, "layers", '{');
	for (i = 0; i < ARRAY_LEN(of); i++) {
		jsonout_open(j, words[i], '{');
		jsonout_number(j, "count", of[i]->n);
		jsonout_number(j, "bytes", of[i]->bytes);
		jsonout_close(j, '}');
	}
	jsonout_close(j, '}');
}

static void add_gaps(struct jsonout *j, const char *key, const struct contents *c)
{
	size_t i;

	jsonout_open(j, key, '[');
	for (i = 0; i < c->ngaps; i++) {
		const struct contents_gap *g = &c->gap[i];

		jsonout_open(j, NULL, '{');
		if (g->layer != CONTENTS_NO_LAYER)
			jsonout_number(j, "layer", g->layer);
		jsonout_text(j, "path", g->path);
		jsonout_text(j, "why", g->why);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

int compare_json(const struct comparison *c, const struct compare_names *names,
		 struct buf *out)
{
	struct jsonout j = { .to = out };

	jsonout_open(&j, NULL, '{');
	add_side(&j, "before", c->before, names->before, names->before_digest);
	add_side(&j, "after", c->after, names->after, names->after_digest);
	jsonout_bool(&j, "same", compare_same(c));
	jsonout_bool(&j, "osChanged", c->system);
	add_packages(&j, c);
	add_settings(&j, c);
	add_layers(&j, c);
	jsonout_open(&j, "gaps", '{');
	add_gaps(&j, "before", c->before);
	add_gaps(&j, "after", c->after);
	jsonout_close(&j, '}');
	jsonout_close(&j, '}');
	return jsonout_end(&j);
}
