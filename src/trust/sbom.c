/*
 * sbom.c - what the formats share, and the choice among them. No state.
 */
#include "trust/sbom.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/hash.h"
#include "trust/purl.h"
#include "trust/sbom_impl.h"

#define YEAR_9999_S INT64_C(253402300799)

int sbom_format_parse(const char *text, enum sbom_format *out, struct err *e)
{
	if (strcasecmp(text, "spdx") == 0 || strcasecmp(text, "spdx-json") == 0)
		*out = SBOM_SPDX;
	else if (strcasecmp(text, "cyclonedx") == 0 ||
		 strcasecmp(text, "cyclonedx-json") == 0)
		*out = SBOM_CYCLONEDX;
	else
		return err_set(e, ERR_INVALID, "\"%.40s\" is none of spdx, cyclonedx",
			       text);
	return 0;
}

int64_t sbom_when(char **env)
{
	static const char name[] = "SOURCE_DATE_EPOCH=";
	char *end;
	long long n;

	for (; *env != NULL; env++) {
		if (strncmp(*env, name, sizeof(name) - 1) != 0)
			continue;
		n = strtoll(*env + sizeof(name) - 1, &end, 10);
		if (end != *env + sizeof(name) - 1 && *end == '\0' && n >= 0 &&
		    n <= YEAR_9999_S)
			return n;
	}
	return clock_wall_ms() / 1000;
}

void sbom_time(int64_t when_s, char out[SBOM_TIME_TEXT])
{
	time_t t = (time_t)(when_s < 0 ? 0 : when_s > YEAR_9999_S ? YEAR_9999_S : when_s);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, SBOM_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void hash_texts(const char *const *text, size_t n,
		       unsigned char out[HASH_MAX_BYTES])
{
	struct hash *h = hash_new(HASH_SHA256);
	size_t i;

	for (i = 0; i < n; i++)
		hash_add(h, text[i], strlen(text[i]) + 1);
	hash_final(h, out);
	hash_free(h);
}

void sbom_uuid(const char *format, const struct contents *c,
	       const struct sbom_image *image, char out[SBOM_UUID_TEXT])
{
	unsigned char b[HASH_MAX_BYTES];
	char digest[DIGEST_TEXT_MAX], when[SBOM_TIME_TEXT];

	digest_text(&c->digest, digest);
	sbom_time(image->when_s, when);
	hash_texts((const char *const[]){ "larder " LARDER_VERSION, format, image->name,
					  image->tag, digest, when },
		   6, b);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x80);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, SBOM_UUID_TEXT,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		 b[12], b[13], b[14], b[15]);
}

void sbom_id(const char *purl, const char *path, char out[SBOM_ID_TEXT])
{
	unsigned char b[HASH_MAX_BYTES];
	size_t i;

	hash_texts((const char *const[]){ purl, path }, 2, b);
	for (i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02x", b[i]);
}

int sbom_name(const struct contents *c, const struct sbom_image *image, struct buf *out)
{
	char digest[DIGEST_TEXT_MAX];

	digest_text(&c->digest, digest);
	return buf_addf(out, "%s%s%s", image->name, image->tag[0] != '\0' ? ":" : "@",
			image->tag[0] != '\0' ? image->tag : digest);
}

int sbom_image_purl(const struct contents *c, const struct sbom_image *image,
		    struct buf *out)
{
	buf_clear(out);
	return purl_image(image->name, image->tag, &c->digest, c->config.platform.arch,
			  out);
}

int sbom_package_purl(const struct contents *c, size_t i, struct buf *out)
{
	buf_clear(out);
	return purl_package(&c->packages.at[i], &c->os, out);
}

int sbom_write(enum sbom_format format, const struct contents *c,
	       const struct sbom_image *image, struct buf *out, struct err *e)
{
	struct jsonout j = { .to = out };

	if (format == SBOM_SPDX)
		sbom_spdx(c, image, &j);
	else
		sbom_cyclonedx(c, image, &j);
	if (jsonout_end(&j) != 0 || buf_adds(out, "\n") != 0)
		return err_set(e, ERR_LIMIT, "%.200s: the document is larger than %zu MB",
			       image->name, out->limit / 1000000);
	return 0;
}
