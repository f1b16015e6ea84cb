/*
 * sbom_cyclonedx.c - CycloneDX 1.6 (cyclonedx.org/docs/1.6/json, ECMA-424). No state.
 *
 * The image is what the document is about; its system and packages are components. What
 * could not be read makes the composition an incomplete one.
 */
#include "trust/sbom_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trust/license.h"
#include "trust/purl.h"

#define TRIVY "aquasecurity:trivy:"

static void add_property(struct jsonout *j, const char *name, const char *value)
{
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "name", name);
	jsonout_text(j, "value", value);
	jsonout_close(j, '}');
}

/* --- what it is about --- */

static void add_image(struct jsonout *j, const struct contents *c,
		      const struct sbom_image *image, const char *purl)
{
	char text[DIGEST_TEXT_MAX];

	jsonout_open(j, "component", '{');
	jsonout_text(j, "type", "container");
	jsonout_text(j, "bom-ref", purl);
	jsonout_text(j, "name", image->name);
	digest_text(&c->digest, text);
	jsonout_text(j, "version", text);
	jsonout_open(j, "hashes", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "alg", c->digest.alg == HASH_SHA512 ? "SHA-512" : "SHA-256");
	digest_hex(&c->digest, text);
	jsonout_text(j, "content", text);
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	jsonout_text(j, "purl", purl);
	jsonout_open(j, "properties", '[');
	platform_text(&c->config.platform, text);
	add_property(j, "larder:image:platform", text);
	if (image->tag[0] != '\0')
		add_property(j, "larder:image:tag", image->tag);
	jsonout_close(j, ']');
	jsonout_close(j, '}');
}

static void add_head(struct jsonout *j, const struct contents *c,
		     const struct sbom_image *image, const char *purl)
{
	char uuid[SBOM_UUID_TEXT], urn[SBOM_UUID_TEXT + 16], when[SBOM_TIME_TEXT];

	jsonout_text(j, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	jsonout_text(j, "bomFormat", "CycloneDX");
	jsonout_text(j, "specVersion", "1.6");
	sbom_uuid("cyclonedx", c, image, uuid);
	snprintf(urn, sizeof(urn), "urn:uuid:%s", uuid);
	jsonout_text(j, "serialNumber", urn);
	jsonout_number(j, "version", 1);
	jsonout_open(j, "metadata", '{');
	sbom_time(image->when_s, when);
	jsonout_text(j, "timestamp", when);
	jsonout_open(j, "tools", '{');
	jsonout_open(j, "components", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "type", "application");
	jsonout_text(j, "name", "larder");
	jsonout_text(j, "version", LARDER_VERSION);
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	add_image(j, c, image, purl);
	jsonout_close(j, '}');
}

/* --- components --- */

static void add_system(struct jsonout *j, const struct contents *c)
{
	if (c->os.id[0] == '\0')
		return;
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "type", "operating-system");
	jsonout_text(j, "bom-ref", "operating-system");
	jsonout_text(j, "name", c->os.id);
	if (c->os.version_id[0] != '\0')
		jsonout_text(j, "version", c->os.version_id);
	if (c->os.name[0] != '\0')
		jsonout_text(j, "description", c->os.name);
	jsonout_close(j, '}');
}

static void add_license(struct jsonout *j, const char *text)
{
	enum license_form form = license_form(text);

	if (form == LICENSE_NONE)
		return;
	jsonout_open(j, "licenses", '[');
	jsonout_open(j, NULL, '{');
	if (form == LICENSE_EXPRESSION) {
		jsonout_text(j, "expression", text);
	} else {
		jsonout_open(j, "license", '{');
		jsonout_text(j, form == LICENSE_ID ? "id" : "name", text);
		jsonout_close(j, '}');
	}
	jsonout_close(j, '}');
	jsonout_close(j, ']');
}

/* Trivy looks packages up by their source, and reads that from properties of its own
 * alone (pkg/sbom/io/decode.go of it): without these it would take the names of what is
 * installed, and find nothing of openssl for libssl3. */
static void add_for_trivy(struct jsonout *j, const struct package *p)
{
	const char *version = p->source_version, *release = NULL;
	const char *colon = strchr(version, ':');
	char part[PACKAGE_TEXT_MAX];

	add_property(j, TRIVY "SrcName", p->source);
	if (p->kind != PACKAGE_APK) {
		release = strrchr(version, '-');
		/* one that is no number would make it refuse the document */
		if (colon != NULL && colon > version && colon - version < 10 &&
		    strspn(version, "0123456789") == (size_t)(colon - version)) {
			snprintf(part, sizeof(part), "%.*s", (int)(colon - version),
				 version);
			add_property(j, TRIVY "SrcEpoch", part);
			version = colon + 1;
		}
		if (release != NULL && release >= version)
			add_property(j, TRIVY "SrcRelease", release + 1);
		else
			release = NULL;
	}
	snprintf(part, sizeof(part), "%.*s",
		 release != NULL ? (int)(release - version) : PACKAGE_TEXT_MAX, version);
	add_property(j, TRIVY "SrcVersion", part);
}

static void add_properties(struct jsonout *j, const struct contents *c,
			   const struct package *p)
{
	char text[DIGEST_TEXT_MAX];

	jsonout_open(j, "properties", '[');
	add_property(j, "larder:package:path", p->path);
	if (p->kind != PACKAGE_PYTHON) {
		add_property(j, "larder:package:source", p->source);
		add_property(j, "larder:package:sourceVersion", p->source_version);
		add_for_trivy(j, p);
	}
	if (p->layer < c->nlayers) {
		digest_text(&c->layer[p->layer].digest, text);
		add_property(j, "larder:package:layer", text);
	}
	jsonout_close(j, ']');
}

static void add_package(struct jsonout *j, const struct contents *c, size_t i,
			const char *purl)
{
	const struct package *p = &c->packages.at[i];
	char id[SBOM_ID_TEXT];

	sbom_id(purl, p->path, id);
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "type", "library");
	jsonout_text(j, "bom-ref", id);
	jsonout_text(j, "name", p->name);
	jsonout_text(j, "version", p->version);
	add_license(j, p->license);
	jsonout_text(j, "purl", purl);
	add_properties(j, c, p);
	jsonout_close(j, '}');
}

/* --- the rest --- */

/* The image has all of them: a graph without edges would leave them orphans. */
static void add_dependencies(struct jsonout *j, const struct contents *c,
			     const char *image)
{
	CLEANUP(buf_done)
	struct buf purl = BUF_INIT(PURL_MAX_BYTES);
	char id[SBOM_ID_TEXT];
	size_t i;

	jsonout_open(j, "dependencies", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "ref", image);
	jsonout_open(j, "dependsOn", '[');
	if (c->os.id[0] != '\0')
		jsonout_text(j, NULL, "operating-system");
	for (i = 0; i < c->packages.n && !j->full; i++) {
		sbom_package_purl(c, i, &purl);
		sbom_id(buf_str(&purl), c->packages.at[i].path, id);
		jsonout_text(j, NULL, id);
	}
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	jsonout_close(j, ']');
}

static void add_gaps(struct jsonout *j, const struct contents *c, const char *image)
{
	size_t i;

	if (c->ngaps == 0)
		return;
	jsonout_open(j, "compositions", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "aggregate", "incomplete");
	jsonout_open(j, "assemblies", '[');
	jsonout_text(j, NULL, image);
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	jsonout_open(j, "properties", '[');
	for (i = 0; i < c->ngaps; i++) {
		CLEANUP(buf_done)
		struct buf text = BUF_INIT(65536);

		buf_addf(&text, "%s%s%s", c->gap[i].path,
			 c->gap[i].path[0] != '\0' ? ": " : "", c->gap[i].why);
		add_property(j, "larder:notRead", buf_str(&text));
	}
	jsonout_close(j, ']');
}

void sbom_cyclonedx(const struct contents *c, const struct sbom_image *image,
		    struct jsonout *j)
{
	CLEANUP(buf_done)
	struct buf purl = BUF_INIT(PURL_MAX_BYTES), one = BUF_INIT(PURL_MAX_BYTES);
	size_t i;

	sbom_image_purl(c, image, &purl);
	jsonout_open(j, NULL, '{');
	add_head(j, c, image, buf_str(&purl));
	jsonout_open(j, "components", '[');
	add_system(j, c);
	for (i = 0; i < c->packages.n && !j->full; i++) {
		sbom_package_purl(c, i, &one);
		add_package(j, c, i, buf_str(&one));
	}
	jsonout_close(j, ']');
	add_dependencies(j, c, buf_str(&purl));
	add_gaps(j, c, buf_str(&purl));
	jsonout_close(j, '}');
	buf_done(&one);
}
