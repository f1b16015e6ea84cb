/*
 * purl.c - package URLs put together. No state.
 *
 * Qualifiers are written in the order of their names, as the canonical form has them.
 */
#include "trust/purl.h"

#include <ctype.h>
#include <string.h>

/* What need not be encoded (ECMA-427 5.4). */
static bool stays(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || (c != '\0' && strchr(".-_~:", c) != NULL));
}

static int encode(struct buf *out, const char *text, size_t n, bool lower)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		unsigned char c = (unsigned char)text[i];
		char one = (char)(lower ? tolower(c) : c);

		rc = stays(c) ? buf_add(out, &one, 1) : buf_addf(out, "%%%02X", c);
	}
	return rc;
}

static int encode_text(struct buf *out, const char *text)
{
	return encode(out, text, strlen(text), false);
}

/* The next qualifier; *mark is '?' before the first. */
static int add_key(struct buf *out, char *mark, const char *key)
{
	int rc = buf_addf(out, "%c%s=", *mark, key);

	*mark = '&';
	return rc;
}

static int add_qualifier(struct buf *out, char *mark, const char *key, const char *value)
{
	if (value[0] == '\0')
		return 0;
	return add_key(out, mark, key) != 0 ? -1 : encode_text(out, value);
}

/* Whose packages they are. */
static const char *vendor(enum package_kind kind, const struct contents_os *os)
{
	if (os->id[0] == '\0')
		return kind == PACKAGE_DEB   ? "debian"
		       : kind == PACKAGE_APK ? "alpine"
					     : "unknown";
	if (kind == PACKAGE_RPM && strcmp(os->id, "rhel") == 0)
		return "redhat";
	if (kind == PACKAGE_RPM && strncmp(os->id, "opensuse", 8) == 0)
		return "opensuse";
	return os->id;
}

/* "debian-12" */
static int add_distro(struct buf *out, char *mark, const struct contents_os *os)
{
	if (os->id[0] == '\0')
		return 0;
	if (add_key(out, mark, "distro") != 0 || encode_text(out, os->id) != 0)
		return -1;
	if (os->version_id[0] == '\0')
		return 0;
	return buf_adds(out, "-") != 0 ? -1 : encode_text(out, os->version_id);
}

/* Without an epoch, where there is one; *epoch is its length. */
static const char *after_epoch(const char *version, size_t *epoch)
{
	*epoch = strspn(version, "0123456789");
	if (*epoch == 0 || version[*epoch] != ':') {
		*epoch = 0;
		return version;
	}
	return version + *epoch + 1;
}

/* What it was built from, unless that has its own name and version: of deb and apk
 * "glibc" or "glibc@2.36-9", of rpm the file "glibc-2.34-60.el9.src.rpm". */
static int add_upstream(struct buf *out, char *mark, const struct package *p)
{
	bool name = strcmp(p->source, p->name) != 0;
	bool version = strcmp(p->source_version, p->version) != 0;
	size_t epoch;

	if (p->source[0] == '\0' || (!name && !version))
		return 0;
	if (add_key(out, mark, "upstream") != 0 || encode_text(out, p->source) != 0)
		return -1;
	if (p->kind == PACKAGE_RPM)
		return buf_adds(out, "-") != 0 ||
				       encode_text(out, after_epoch(p->source_version,
								    &epoch)) != 0
			       ? -1
			       : buf_adds(out, ".src.rpm");
	if (!version)
		return 0;
	return buf_adds(out, "%40") != 0 ? -1 : encode_text(out, p->source_version);
}

static int python(const struct package *p, struct buf *out)
{
	if (buf_adds(out, "pkg:pypi/") != 0 || encode_text(out, p->key) != 0 ||
	    buf_adds(out, "@") != 0)
		return -1;
	return encode(out, p->version, strlen(p->version), true);
}

int purl_package(const struct package *p, const struct contents_os *os, struct buf *out)
{
	const char *who = vendor(p->kind, os), *version = p->version;
	size_t epoch = 0;
	char mark = '?';

	if (p->kind == PACKAGE_PYTHON)
		return python(p, out);
	if (p->kind == PACKAGE_RPM)
		version = after_epoch(p->version, &epoch);
	if (buf_addf(out, "pkg:%s/", package_word(p->kind)) != 0 ||
	    encode(out, who, strlen(who), true) != 0 || buf_adds(out, "/") != 0 ||
	    encode(out, p->name, strlen(p->name), p->kind != PACKAGE_RPM) != 0 ||
	    buf_adds(out, "@") != 0 || encode_text(out, version) != 0 ||
	    add_qualifier(out, &mark, "arch", p->arch) != 0 ||
	    add_distro(out, &mark, os) != 0 ||
	    (epoch > 0 &&
	     (add_key(out, &mark, "epoch") != 0 || buf_add(out, p->version, epoch) != 0)))
		return -1;
	return add_upstream(out, &mark, p);
}

int purl_image(const char *repository, const char *tag, const struct digest *digest,
	       const char *arch, struct buf *out)
{
	const char *slash = strrchr(repository, '/');
	const char *name = slash != NULL ? slash + 1 : repository;
	char text[DIGEST_TEXT_MAX], mark = '?';

	digest_text(digest, text);
	if (buf_adds(out, "pkg:oci/") != 0 ||
	    encode(out, name, strlen(name), true) != 0 ||
	    buf_addf(out, "@%s", text) != 0 ||
	    add_qualifier(out, &mark, "arch", arch) != 0 ||
	    add_qualifier(out, &mark, "repository_url", repository) != 0)
		return -1;
	return add_qualifier(out, &mark, "tag", tag);
}
