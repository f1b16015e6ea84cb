/*
 * gate_about.c - by media types (OCI image-spec manifest.md; cosign SIGNATURE_SPEC.md,
 * whose signatures have an image's configuration).
 */
#include "trust/gate_about.h"

#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "oci/digest.h"
#include "oci/manifest.h"

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_text(const char *type)
{
	return type != NULL &&
	       (ends(type, "+json") || ends(type, "/json") || ends(type, "/jose") ||
		strcmp(type, "application/cose") == 0 || strncmp(type, "text/", 5) == 0 ||
		strcmp(type, "application/vnd.dsse.envelope.v1") == 0);
}

static bool is_tool_tag(const char *tag)
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

static bool is_image_config(const char *type)
{
	return type == NULL ||
	       strcmp(type, "application/vnd.oci.image.config.v1+json") == 0 ||
	       strcmp(type, "application/vnd.docker.container.image.v1+json") == 0;
}

bool gate_about_is(struct view body, const char *tag)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(body, NULL);
	const struct json *layers = json_get(doc, "layers");
	const char *config = json_get_str(json_get(doc, "config"), "mediaType");
	size_t i, n = json_len(layers);

	if (json_get(doc, "manifests") != NULL || !json_is_array(layers) || n == 0)
		return false;
	for (i = 0; i < n; i++)
		if (!is_text(json_get_str(json_at(layers, i), "mediaType")))
			return false;
	return is_tool_tag(tag) || !is_image_config(config);
}
