/*
 * gate_about.c - by media types (OCI image-spec manifest.md; cosign SIGNATURE_SPEC.md,
 * whose signatures have an image's configuration).
 */
#include "trust/gate_about.h"

#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "oci/digest.h"
#include "trust/members.h"

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* containerd takes "...image.layer.v1.tar+json" for a plain tar. */
static bool is_engines(const char *type)
{
	return starts(type, "application/vnd.oci.image.") ||
	       starts(type, "application/vnd.docker.");
}

static bool is_text(const char *type)
{
	return type != NULL && !is_engines(type) &&
	       (ends(type, "+json") || ends(type, "/json") || ends(type, "/jose") ||
		strcmp(type, "application/cose") == 0 || strncmp(type, "text/", 5) == 0 ||
		strcmp(type, "application/vnd.dsse.envelope.v1") == 0);
}

bool gate_about_tag(const char *tag)
{
	size_t i;

	if (tag == NULL || strncmp(tag, "sha256-", 7) != 0)
		return false;
	for (i = 7; i < 71; i++)
		if (tag[i] == '\0' || strchr("0123456789abcdef", tag[i]) == NULL)
			return false;
	return strcmp(tag + 71, ".sig") == 0 || strcmp(tag + 71, ".att") == 0 ||
	       strcmp(tag + 71, ".sbom") == 0;
}

/* Docker takes three types that registries once gave by mistake for an image's, too
 * (moby/moby, distribution/registry.go). */
static bool is_image_config(const char *type)
{
	return type == NULL || type[0] == '\0' || is_engines(type) ||
	       strcmp(type, "application/octet-stream") == 0 ||
	       strcmp(type, "application/json") == 0 || strcmp(type, "text/html") == 0;
}

/* Engines written in Go take "Layers", also with other letters of Unicode that fold to
 * these, for "layers", and of both the last: so no member but those that are known. */
static bool is_plain(const struct json *doc)
{
	static const char descriptor[] =
		"mediaType digest size urls annotations data platform artifactType";
	const struct json *layers = json_get(doc, "layers");
	size_t i, n = json_len(layers);

	if (members_known(doc,
			  "schemaVersion mediaType artifactType config layers subject "
			  "annotations",
			  "", NULL) != 0 ||
	    members_known(json_get(doc, "config"), descriptor, "", NULL) != 0)
		return false;
	for (i = 0; i < n; i++)
		if (members_known(json_at(layers, i), descriptor, "", NULL) != 0)
			return false;
	return true;
}

bool gate_about_is(struct view body, const char *tag)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(body, NULL);
	const struct json *layers = json_get(doc, "layers");
	const char *config = json_get_str(json_get(doc, "config"), "mediaType");
	size_t i, n = json_len(layers);

	if (!is_plain(doc) || !json_is_array(layers) || n == 0)
		return false;
	for (i = 0; i < n; i++)
		if (!is_text(json_get_str(json_at(layers, i), "mediaType")))
			return false;
	return gate_about_tag(tag) || !is_image_config(config);
}

bool gate_about_could_run(struct view body)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(body, NULL);

	return is_image_config(json_get_str(json_get(doc, "config"), "mediaType"));
}
