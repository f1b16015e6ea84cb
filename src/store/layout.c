/*
 * layout.c - paths from validated parts.  The longest (a 255 byte name, a 128 byte tag
 * and a sha512) stays well under LAYOUT_PATH_MAX; the assert says so.
 */
#include "store/layout.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void compose(layout_path out,
							  const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, LAYOUT_PATH_MAX, fmt, ap);
	va_end(ap);
	assert(n > 0 && n < LAYOUT_PATH_MAX);
}

void layout_blob(layout_path out, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	compose(out, "docker/registry/v2/blobs/%s/%.2s/%s/data", digest_alg(d), hex, hex);
}

/* A link file somewhere below a repository. */
static void repo_link(layout_path out, const struct reponame *name, const char *what,
		      const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	compose(out, LAYOUT_REPOSITORIES "/%s/%s/%s/%s/link", name->s, what,
		digest_alg(d), hex);
}

void layout_layer(layout_path out, const struct reponame *name, const struct digest *d)
{
	repo_link(out, name, "_layers", d);
}

void layout_revision(layout_path out, const struct reponame *name, const struct digest *d)
{
	repo_link(out, name, "_manifests/revisions", d);
}

void layout_revisions(layout_path out, const struct reponame *name, const char *alg)
{
	compose(out, LAYOUT_REPOSITORIES "/%s/_manifests/revisions/%s", name->s, alg);
}

void layout_layers(layout_path out, const struct reponame *name, const char *alg)
{
	compose(out, LAYOUT_REPOSITORIES "/%s/_layers/%s", name->s, alg);
}

void layout_tags(layout_path out, const struct reponame *name)
{
	compose(out, LAYOUT_REPOSITORIES "/%s/_manifests/tags", name->s);
}

void layout_tag(layout_path out, const struct reponame *name, const char *tag)
{
	compose(out, LAYOUT_REPOSITORIES "/%s/_manifests/tags/%s/current/link", name->s,
		tag);
}

void layout_tag_index(layout_path out, const struct reponame *name, const char *tag,
		      const struct digest *d)
{
	char what[TAG_MAX_BYTES + 64];

	snprintf(what, sizeof(what), "_manifests/tags/%s/index", tag);
	repo_link(out, name, what, d);
}

void layout_partial(layout_path out, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	compose(out, LAYOUT_PARTIALS "/%s-%s", digest_alg(d), hex);
}

void layout_tag_folder(layout_path out, const struct reponame *name, const char *tag)
{
	compose(out, LAYOUT_REPOSITORIES "/%s/_manifests/tags/%s", name->s, tag);
}

void layout_upload(layout_path out, const struct reponame *name, const char *id)
{
	char hex[DIGEST_HEX_MAX];
	struct digest d;

	digest_of(HASH_SHA256, name->s, strlen(name->s), &d);
	digest_hex(&d, hex);
	compose(out, LAYOUT_UPLOADS "/%.16s-%.36s", hex, id);
}

void layout_referrers(layout_path out, const struct reponame *name,
		      const struct digest *subject)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(subject, hex);
	compose(out, "larder/referrers/%s/_subjects/%s/%s", name->s, digest_alg(subject),
		hex);
}

void layout_referrer(layout_path out, const struct reponame *name,
		     const struct digest *subject, const struct digest *referrer)
{
	char hex[DIGEST_HEX_MAX];
	layout_path folder;

	layout_referrers(folder, name, subject);
	digest_hex(referrer, hex);
	compose(out, "%s/%s-%s", folder, digest_alg(referrer), hex);
}

void layout_referrers_note(layout_path out, const struct reponame *name,
			   const struct digest *subject)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(subject, hex);
	compose(out, "larder/referrers/%s/_upstream/%s/%s", name->s, digest_alg(subject),
		hex);
}

void layout_type(layout_path out, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	compose(out, "larder/types/%s/%s", digest_alg(d), hex);
}

void layout_quarantine(layout_path out, const struct digest *d)
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	compose(out, LAYOUT_QUARANTINE "/%s-%s", digest_alg(d), hex);
}

void layout_tag_check(layout_path out, const struct reponame *name, const char *tag)
{
	compose(out, LAYOUT_CHECKS "/%s/_tags/%s", name->s, tag);
}

void layout_history(layout_path out, const struct reponame *name, const char *tag)
{
	compose(out, LAYOUT_HISTORY "/%s/_tags/%s", name->s, tag);
}

void layout_histories(layout_path out, const struct reponame *name)
{
	compose(out, LAYOUT_HISTORY "/%s/_tags", name->s);
}

void layout_tag_checks(layout_path out, const struct reponame *name)
{
	compose(out, LAYOUT_CHECKS "/%s/_tags", name->s);
}

void layout_subjects(layout_path out, const struct reponame *name, const char *alg)
{
	compose(out, "larder/referrers/%s/_subjects/%s", name->s, alg);
}

void layout_referrers_notes(layout_path out, const struct reponame *name, const char *alg)
{
	compose(out, "larder/referrers/%s/_upstream/%s", name->s, alg);
}
