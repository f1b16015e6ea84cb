/* discover/dockerfile and discover/rewrite: places are where they say, a pinned text
 * names the same images, and unpinned it is the same text. */
#include "fuzz.h"

#include "base/mem.h"
#include "discover/dockerfile.h"
#include "discover/rewrite.h"

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"

static void read_text(struct view text, struct finds *l, struct err *e)
{
	struct vars args = { 0 };
	struct dockerfile d = {
		.args = &args,
		.target = { "linux", "arm", "v7" },
		.build = { "linux", "amd64", "" },
		.any_platform = true,
	};
	struct reading r = {
		.kind = FIND_DOCKERFILE, .file = "f", .text = text, .finds = l, .e = e
	};
	size_t i;

	vars_set(&args, "A", "alpine");
	dockerfile_read(&r, &d);
	CHECK(r.rc == 0 || e->kind == ERR_LIMIT);
	for (i = 0; i < l->n; i++) {
		const struct find *f = l->v[i];

		CHECK((f->image[0] == '\0') == (f->why[0] != '\0'));
		CHECK(f->line >= 1 && f->off <= text.n);
		if (f->len > 0)
			CHECK(f->off + f->len <= text.n &&
			      memcmp(text.p + f->off, f->text, f->len) == 0);
	}
	vars_done(&args);
}

static void there_and_back(struct view text, const struct finds *l)
{
	CLEANUP(buf_done)
	struct buf once = BUF_INIT(64u << 20);
	CLEANUP(buf_done)
	struct buf back = BUF_INIT(64u << 20);
	struct rewrite_place *place = mem_alloc((l->n + 1) * sizeof(*place));
	CLEANUP(finds_done)
	struct finds after = { 0 };
	struct err e = { 0 };
	size_t i, n = 0, got, left;

	for (i = 0; i < l->n; i++) {
		const struct find *f = l->v[i];

		if (strchr(f->text, '@') == NULL && rewrite_why_not(text, f) == NULL &&
		    (n == 0 || f->off > place[n - 1].off))
			place[n++] = (struct rewrite_place){ f->off, f->len, DIGEST };
	}
	CHECK(rewrite_pin(text, FIND_DOCKERFILE, place, n, &once) == 0);
	free(place);
	CHECK(rewrite_unpin(buf_view(&once), &back, &got, &left) == 0);
	CHECK(got == n && left == 0);
	CHECK(back.n == text.n && memcmp(back.p, text.p, text.n) == 0);
	read_text(buf_view(&once), &after, &e);
	finds_settle(&after);
	CHECK(after.n == l->n);
	for (i = 0; i < l->n; i++)
		CHECK(strncmp(after.v[i]->image, l->v[i]->image,
			      strlen(l->v[i]->image)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(finds_done)
	struct finds l = { 0 };
	struct view text = fuzz_view(data, size);
	struct err e = { 0 };
	size_t n, left;
	CLEANUP(buf_done)
	struct buf back = BUF_INIT(1u << 20);

	if (size == 0)
		return 0;
	read_text(text, &l, &e);
	finds_settle(&l);
	CHECK(rewrite_unpin(text, &back, &n, &left) == 0 && back.n <= size);
	if (memmem(data, size, "larder lock", 11) == NULL)
		there_and_back(text, &l);
	return 0;
}
