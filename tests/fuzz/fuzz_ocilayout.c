/* oci/ocilayout and oci/dockersave: what is read can be written, and reads as the same.
 */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "oci/dockersave.h"
#include "oci/ocilayout.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void check_path(const struct digest *d)
{
	char path[OCILAYOUT_PATH_MAX];
	struct digest again;

	ocilayout_path(d, path);
	CHECK(ocilayout_is_path(path, &again) && digest_equal(&again, d));
}

static void try_layout(struct view text)
{
	CLEANUP(buf_done)
	struct buf kept = BUF_INIT(OCILAYOUT_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf written = BUF_INIT(OCILAYOUT_MAX_BYTES);
	struct ocilayout l, k, w;
	size_t i;

	if (ocilayout_parse(text, &l, NULL) != 0)
		return;
	CHECK(ocilayout_begin(&kept) == 0 && ocilayout_begin(&written) == 0);
	for (i = 0; i < l.n; i++) {
		check_path(&l.image[i].digest);
		CHECK(ocilayout_keep(&kept, i, &l.image[i]) == 0);
		CHECK(ocilayout_add(&written, i, &l.image[i]) == 0);
	}
	CHECK(ocilayout_end(&kept) == 0 && ocilayout_end(&written) == 0);
	CHECK(ocilayout_parse(buf_view(&kept), &k, NULL) == 0 && k.n == l.n);
	CHECK(ocilayout_parse(buf_view(&written), &w, NULL) == 0 && w.n == l.n);
	for (i = 0; i < l.n; i++) {
		CHECK(digest_equal(&k.image[i].digest, &l.image[i].digest));
		CHECK(same_text(w.image[i].name, l.image[i].name));
		CHECK(same_text(w.image[i].ref, l.image[i].ref));
		CHECK(w.image[i].size == l.image[i].size);
	}
	ocilayout_done(&l);
	ocilayout_done(&k);
	ocilayout_done(&w);
}

static void try_docker(struct view text)
{
	CLEANUP(buf_done)
	struct buf made = BUF_INIT(MANIFEST_MAX_BYTES);
	struct dockersave_file file = { .size = text.n };
	struct manifest parsed;
	struct dockersave d;
	struct err e;
	size_t i;

	digest_of(HASH_SHA256, text.p, text.n, &file.digest);
	file.packing = dockersave_packing(text.p, text.n);
	if (dockersave_parse(text, &d, NULL) == 0) {
		for (i = 0; i < d.n; i++)
			CHECK(d.image[i].config != NULL &&
			      json_len(d.image[i].layer) <= DOCKERSAVE_MAX_LAYERS);
		dockersave_done(&d);
	}
	/* The same bytes as a configuration without layers. */
	if (dockersave_make(&made, text, &file, NULL, 0, &e) != 0)
		return;
	CHECK(manifest_parse(buf_view(&made), &parsed, NULL) == 0);
	CHECK(parsed.has_config && parsed.nchildren == 1);
	CHECK(digest_equal(&parsed.child[0].digest, &file.digest));
	manifest_done(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_layout(fuzz_view(data, size));
	try_docker(fuzz_view(data, size));
	return 0;
}
