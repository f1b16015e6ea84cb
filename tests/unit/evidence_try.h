/*
 * evidence_try.h - recorded signatures (tests/signatures) as evidence.
 */
#ifndef LARDER_TESTS_EVIDENCE_TRY_H
#define LARDER_TESTS_EVIDENCE_TRY_H

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "trust/evidence.h"
#include "trust/policy.h"
#include "trust/verify.h"

#define FIXTURE(name) TESTS_DIR "/signatures/" name

static inline void evidence_try_read(const char *path, struct buf *out)
{
	struct err e;

	buf_init(out, 1u << 20);
	if (fs_read(AT_FDCWD, path, out, &e) != 0)
		fail_msg("%s", e.msg);
}

/* When the fixtures were recorded, wall clock. */
static inline int64_t evidence_try_now_ms(void)
{
	CLEANUP(buf_done)
	struct buf text;

	evidence_try_read(FIXTURE("now"), &text);
	return strtoll(buf_str(&text), NULL, 10) * 1000;
}

/* As an inquiry leaves it. */
static inline void evidence_try_load(const char *name, struct evidence *ev)
{
	CLEANUP(json_freep)
	struct json *o = NULL;
	CLEANUP(mem_freep)
	char *path = mem_fmt(FIXTURE("%s.json"), name);
	CLEANUP(buf_done)
	struct buf text;
	const struct json *subject;
	const char *manifest;
	struct digest d;
	bool is_tag = false;
	int64_t size = 0;
	struct err e;
	size_t i;

	evidence_try_read(path, &text);
	o = json_parse(buf_view(&text), &e);
	assert_non_null(o);
	subject = json_get(o, "subject");
	manifest = json_get_str(o, "manifest");
	json_get_int(subject, "size", &size);
	json_get_bool(o, "tag", &is_tag);
	assert_int_equal(digest_parse(view_of(json_get_str(subject, "digest")), &d, &e),
			 0);
	evidence_init(ev, &d, json_get_str(subject, "mediaType"), (uint64_t)size);
	digest_of(HASH_SHA256, manifest, strlen(manifest), &d);
	assert_int_equal(evidence_add(ev, is_tag, &d, view_of(manifest), &e), 0);
	assert_int_equal(ev->n, json_len(json_get(o, "bodies")));
	for (i = 0; i < ev->n; i++)
		buf_adds(&ev->item[i].body, json_str(json_at(json_get(o, "bodies"), i)));
}

static inline struct policies *evidence_try_policy(const struct policy_spec *spec)
{
	struct policies *p = NULL;
	struct err e;

	if (policies_load(spec, 1, &p, &e) != 0)
		fail_msg("%s", e.msg);
	return p;
}

#endif
