/* mirror/bundle_tar: any bytes as an archive. What it says it has can be fetched, each
 * once; a manifest that it gives is what its digest says. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "carry/bundle.h"

#define MOST 64

struct fetched {
	const struct digest *want;
	size_t n;
	bool seen[MOST];
};

static int take(void *arg, const struct digest *d, uint64_t size, bundle_read read_some,
		void *from, struct err *e)
{
	struct fetched *f = arg;
	char piece[4096];
	uint64_t all = 0;
	size_t i, n;

	for (i = 0; i < f->n && !digest_equal(&f->want[i], d); i++)
		;
	CHECK(i < f->n && !f->seen[i]);
	f->seen[i] = true;
	do {
		if (read_some(from, piece, sizeof(piece), &n, e) != 0)
			return -1;
		all += n;
	} while (n > 0);
	CHECK(all == size);
	return 0;
}

static void look_at(struct bundle *b)
{
	struct digest want[MOST], real;
	struct fetched f = { .want = want };
	struct stored *m;
	uint64_t size;
	size_t i, k;

	for (i = 0; i < b->n && f.n < MOST; i++) {
		const struct bundle_image *image = &b->image[i];

		if (image->is_bad || bundle_manifest(b, &image->digest, &m, NULL) != 0)
			continue;
		digest_of(image->digest.alg, m->body, m->n, &real);
		CHECK(digest_equal(&real, &image->digest));
		stored_unref(m);
		for (k = 0; k < f.n && !digest_equal(&want[k], &real); k++)
			;
		if (k == f.n && bundle_has(b, &real, &size))
			want[f.n++] = real;
	}
	bundle_fetch(b, want, f.n, take, &f, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct bundle *b;
	struct err e;

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (bundle_tar_open(fd, NULL, &b, &e) == 0) {
		look_at(b);
		bundle_close(b);
	}
	close(fd);
	return 0;
}
