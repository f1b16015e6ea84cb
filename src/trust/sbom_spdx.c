/*
 * sbom_spdx.c - SPDX 2.3 (spdx.github.io/spdx-spec/v2.3, schema spdx-schema.json). No
 * state.
 *
 * The document DESCRIBES the image, which CONTAINS its system and its Python
 * distributions; the system CONTAINS its packages. Identifiers of the system and
 * sourceInfo are what Trivy recognises, too.
 */
#include "trust/sbom_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "trust/license.h"
#include "trust/purl.h"

#define DOCUMENT_ID "SPDXRef-DOCUMENT"
#define IMAGE_ID "SPDXRef-Image"
#define SYSTEM_ID "SPDXRef-OperatingSystem"
#define ID_MAX 128

/* A licence as free text gets a name that is made of it. */
static void license_ref(const char *text, char out[ID_MAX])
{
	char id[SBOM_ID_TEXT];

	sbom_id(text, "", id);
	snprintf(out, ID_MAX, "LicenseRef-%s", id);
}

static void package_ref(const struct package *p, const char *purl, char out[ID_MAX])
{
	char id[SBOM_ID_TEXT];

	sbom_id(purl, p->path, id);
	snprintf(out, ID_MAX, "SPDXRef-Package-%s-%s", package_word(p->kind), id);
}

static bool has_system(const struct contents *c)
{
	return c->os.id[0] != '\0';
}

/* --- the document --- */

static void add_namespace(struct jsonout *j, const struct contents *c,
			  const struct sbom_image *image)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(4096);
	const char *slash = strrchr(image->name, '/');
	char uuid[SBOM_UUID_TEXT], hex[DIGEST_HEX_MAX];

	/* The default of the specification (6.5) for who has no site of their own. */
	sbom_uuid("spdx", c, image, uuid);
	digest_hex(&c->digest, hex);
	buf_addf(&text, "https://spdx.org/spdxdocs/%s-%s-%s",
		 slash != NULL ? slash + 1 : image->name, hex, uuid);
	jsonout_text(j, "documentNamespace", buf_str(&text));
}

static void add_gaps(struct jsonout *j, const struct contents *c)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1u << 20);
	size_t i;

	if (c->ngaps == 0)
		return;
	buf_adds(&text, "Not all of the image could be read:");
	for (i = 0; i < c->ngaps; i++)
		buf_addf(&text, " %s%s%s;", c->gap[i].path,
			 c->gap[i].path[0] != '\0' ? ": " : "", c->gap[i].why);
	jsonout_text(j, "comment", buf_str(&text));
}

static void add_head(struct jsonout *j, const struct contents *c,
		     const struct sbom_image *image)
{
	CLEANUP(buf_done)
	struct buf name = BUF_INIT(4096);
	char when[SBOM_TIME_TEXT];

	jsonout_text(j, "spdxVersion", "SPDX-2.3");
	jsonout_text(j, "dataLicense", "CC0-1.0");
	jsonout_text(j, "SPDXID", DOCUMENT_ID);
	sbom_name(c, image, &name);
	jsonout_text(j, "name", buf_str(&name));
	add_namespace(j, c, image);
	jsonout_open(j, "creationInfo", '{');
	sbom_time(image->when_s, when);
	jsonout_text(j, "created", when);
	jsonout_open(j, "creators", '[');
	jsonout_text(j, NULL, "Tool: larder-" LARDER_VERSION);
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	add_gaps(j, c);
}

/* --- packages --- */

static void add_purl(struct jsonout *j, const char *purl)
{
	jsonout_open(j, "externalRefs", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "referenceCategory", "PACKAGE-MANAGER");
	jsonout_text(j, "referenceType", "purl");
	jsonout_text(j, "referenceLocator", purl);
	jsonout_close(j, '}');
	jsonout_close(j, ']');
}

static void add_unknown(struct jsonout *j, const char *license)
{
	jsonout_text(j, "downloadLocation", "NOASSERTION");
	jsonout_bool(j, "filesAnalyzed", false);
	jsonout_text(j, "licenseConcluded", "NOASSERTION");
	jsonout_text(j, "licenseDeclared", license);
	jsonout_text(j, "copyrightText", "NOASSERTION");
}

static void add_image(struct jsonout *j, const struct contents *c,
		      const struct sbom_image *image)
{
	CLEANUP(buf_done)
	struct buf purl = BUF_INIT(PURL_MAX_BYTES);
	char text[DIGEST_TEXT_MAX];

	jsonout_open(j, NULL, '{');
	jsonout_text(j, "SPDXID", IMAGE_ID);
	jsonout_text(j, "name", image->name);
	digest_text(&c->digest, text);
	jsonout_text(j, "versionInfo", text);
	jsonout_text(j, "primaryPackagePurpose", "CONTAINER");
	add_unknown(j, "NOASSERTION");
	jsonout_open(j, "checksums", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "algorithm", c->digest.alg == HASH_SHA512 ? "SHA512" : "SHA256");
	digest_hex(&c->digest, text);
	jsonout_text(j, "checksumValue", text);
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	sbom_image_purl(c, image, &purl);
	add_purl(j, buf_str(&purl));
	jsonout_close(j, '}');
}

static void add_system(struct jsonout *j, const struct contents *c)
{
	if (!has_system(c))
		return;
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "SPDXID", SYSTEM_ID);
	jsonout_text(j, "name", c->os.id);
	if (c->os.version_id[0] != '\0')
		jsonout_text(j, "versionInfo", c->os.version_id);
	jsonout_text(j, "primaryPackagePurpose", "OPERATING_SYSTEM");
	if (c->os.name[0] != '\0')
		jsonout_text(j, "summary", c->os.name);
	add_unknown(j, "NOASSERTION");
	jsonout_close(j, '}');
}

static void add_package(struct jsonout *j, const struct package *p, const char *purl)
{
	CLEANUP(buf_done)
	struct buf source = BUF_INIT(4 * PACKAGE_TEXT_MAX);
	enum license_form form = license_form(p->license);
	char id[ID_MAX], ref[ID_MAX];

	package_ref(p, purl, id);
	license_ref(p->license, ref);
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "SPDXID", id);
	jsonout_text(j, "name", p->name);
	jsonout_text(j, "versionInfo", p->version);
	jsonout_text(j, "supplier", "NOASSERTION");
	add_unknown(j, form == LICENSE_NONE   ? "NOASSERTION"
		       : form == LICENSE_TEXT ? ref
					      : p->license);
	if (p->kind != PACKAGE_PYTHON) {
		buf_addf(&source, "built package from: %s %s", p->source,
			 p->source_version);
		jsonout_text(j, "sourceInfo", buf_str(&source));
	}
	add_purl(j, purl);
	jsonout_close(j, '}');
}

static void add_packages(struct jsonout *j, const struct contents *c,
			 const struct sbom_image *image)
{
	CLEANUP(buf_done)
	struct buf purl = BUF_INIT(PURL_MAX_BYTES);
	size_t i;

	jsonout_open(j, "packages", '[');
	add_image(j, c, image);
	add_system(j, c);
	for (i = 0; i < c->packages.n && !j->full; i++) {
		sbom_package_purl(c, i, &purl);
		add_package(j, &c->packages.at[i], buf_str(&purl));
	}
	jsonout_close(j, ']');
}

/* --- what belongs to what, and licences in words --- */

static void add_relation(struct jsonout *j, const char *from, const char *kind,
			 const char *to)
{
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "spdxElementId", from);
	jsonout_text(j, "relationshipType", kind);
	jsonout_text(j, "relatedSpdxElement", to);
	jsonout_close(j, '}');
}

static void add_relations(struct jsonout *j, const struct contents *c)
{
	CLEANUP(buf_done)
	struct buf purl = BUF_INIT(PURL_MAX_BYTES);
	char id[ID_MAX];
	size_t i;

	jsonout_open(j, "relationships", '[');
	add_relation(j, DOCUMENT_ID, "DESCRIBES", IMAGE_ID);
	if (has_system(c))
		add_relation(j, IMAGE_ID, "CONTAINS", SYSTEM_ID);
	for (i = 0; i < c->packages.n && !j->full; i++) {
		const struct package *p = &c->packages.at[i];

		sbom_package_purl(c, i, &purl);
		package_ref(p, buf_str(&purl), id);
		add_relation(j,
			     has_system(c) && p->kind != PACKAGE_PYTHON ? SYSTEM_ID
									: IMAGE_ID,
			     "CONTAINS", id);
	}
	jsonout_close(j, ']');
}

static void add_licenses(struct jsonout *j, const struct contents *c)
{
	struct map *seen = map_new(PACKAGE_MAX_COUNT);
	char ref[ID_MAX];
	bool open = false;
	size_t i;

	for (i = 0; i < c->packages.n && !j->full; i++) {
		const char *text = c->packages.at[i].license;

		license_ref(text, ref);
		if (license_form(text) != LICENSE_TEXT || map_get(seen, ref) != NULL ||
		    map_put(seen, ref, seen) != 0)
			continue;
		if (!open)
			jsonout_open(j, "hasExtractedLicensingInfos", '[');
		open = true;
		jsonout_open(j, NULL, '{');
		jsonout_text(j, "licenseId", ref);
		jsonout_text(j, "extractedText", text);
		jsonout_close(j, '}');
	}
	if (open)
		jsonout_close(j, ']');
	map_free(seen, NULL);
}

void sbom_spdx(const struct contents *c, const struct sbom_image *image,
	       struct jsonout *j)
{
	jsonout_open(j, NULL, '{');
	add_head(j, c, image);
	add_packages(j, c, image);
	add_relations(j, c);
	add_licenses(j, c);
	jsonout_close(j, '}');
}
