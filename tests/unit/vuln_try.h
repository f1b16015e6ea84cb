/*
 * vuln_try.h - images of a few packages, and what data say of them.
 */
#ifndef LARDER_TESTS_VULN_TRY_H
#define LARDER_TESTS_VULN_TRY_H

#include <stdio.h>

#include "base/mem.h"
#include "codec/json.h"
#include "trust/vuln.h"
#include "trust/vuln_data.h"
#include "trust/vuln_merge.h"
#include "trust/vuln_osv.h"
#include "trust/vuln_secdb.h"

/* An image with one package, whose source has the same name unless one is said. */
struct vuln_one {
	const char *os, *version_id, *codename;
	enum package_kind kind;
	const char *name, *version, *source, *source_version, *path;
};

static inline size_t vuln_try_add(struct vuln *v, const struct vuln_one *one)
{
	struct package p = { .kind = one->kind,
			     .name = one->name,
			     .key = one->name,
			     .version = one->version,
			     .arch = "amd64",
			     .source = one->source != NULL ? one->source : one->name,
			     .source_version = one->source_version != NULL
						       ? one->source_version
						       : one->version,
			     .license = "",
			     .path = one->path != NULL ? one->path : "" };
	struct contents c = { .packages = { &p, 1, 1 } };
	struct err e;

	snprintf(c.os.id, sizeof(c.os.id), "%s", one->os);
	snprintf(c.os.version_id, sizeof(c.os.version_id), "%s", one->version_id);
	if (one->codename != NULL)
		snprintf(c.os.codename, sizeof(c.os.codename), "%s", one->codename);
	assert_int_equal(vuln_add_image(v, &c, &e), 0);
	return vuln_images(v) - 1;
}

static inline void vuln_try_osv(struct vuln *v, const char *text,
				struct vuln_count *count)
{
	struct json *doc = json_parse(view_of(text), NULL);
	struct err e;

	assert_non_null(doc);
	assert_true(vuln_osv_is(doc));
	assert_int_equal(vuln_osv_read(v, doc, count, &e), 0);
	json_free(doc);
}

/* "CVE-1 zlib<1.2-r1 high; " for each finding. */
static inline void vuln_try_text(struct vuln *v, size_t image, char out[1024])
{
	struct vuln_image *im = vuln_image(v, image);
	size_t i, k, n = 0;

	out[0] = '\0';
	for (i = 0; i < im->n; i++) {
		const struct vuln_finding *f = &im->finding[i];

		n += (size_t)snprintf(out + n, 1024 - n, "%s", f->id);
		for (k = 0; k < f->naliases; k++)
			n += (size_t)snprintf(out + n, 1024 - n, "=%s", f->alias[k]);
		n += (size_t)snprintf(out + n, 1024 - n, " %s<%s %s%s; ", f->unit->name,
				      f->fixed[0] != '\0' ? f->fixed : "?",
				      vuln_severity_word(f->severity),
				      f->undetermined ? " undetermined" : "");
	}
	if (n >= 2)
		out[n - 2] = '\0';
}

#define assert_findings(v, image, want)                                                  \
	do {                                                                             \
		char got_[1024];                                                         \
		vuln_try_text(v, image, got_);                                           \
		assert_string_equal(got_, want);                                         \
	} while (0)

#endif
