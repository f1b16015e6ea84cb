/* trust/layers and all that it uses: any bytes as two layers, plain or packed, separated
 * by
 * "-next-". The tree that they leave keeps to its rules. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "trust/layers.h"

struct input {
	struct view layer[2];
	struct digest digest[2];
};

static int on_open(void *arg, size_t i, struct err *e)
{
	const struct input *in = arg;
	int fd = memfd_create("layer", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, in->layer[i].p, in->layer[i].n) == (ssize_t)in->layer[i].n);
	return fd;
}

static const struct digest *on_digest(void *arg, size_t i)
{
	const struct input *in = arg;

	return &in->digest[i];
}

static void check(const struct tree *t)
{
	char out[TREE_PATH_MAX];
	size_t i, packages = 0, raw = 0, ways = 0;

	for (i = 0; i < t->n; i++) {
		const struct node *node = t->at[i];

		CHECK(i == 0 || strcmp(t->at[i - 1]->path, node->path) < 0);
		CHECK(node->length == strlen(node->path) && *node->path != '\0');
		CHECK(tree_resolve(t, node->path, false, out) == 0);
		CHECK(strcmp(out, node->path) == 0);
		CHECK(!node->stale);
		packages += node->packages.n;
		raw += node->raw.n;
		ways += node->link != NULL && node->what == WANTED_NOT;
	}
	CHECK(packages == t->packages && raw == t->raw_bytes && ways == t->ways);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(tree_done)
	struct tree tree;
	CLEANUP(gaps_done)
	struct gaps gaps = { NULL, 0, 0 };
	const uint8_t *mark = memmem(data, size, "-next-", 6);
	size_t i, n = mark != NULL ? (size_t)(mark - data) : size;
	struct input in = { .layer = { fuzz_view(data, n) } };
	struct layers l = { mark != NULL ? 2 : 1, on_open, on_digest, &in };
	struct err e;

	if (mark != NULL)
		in.layer[1] = fuzz_view(mark + 6, size - n - 6);
	for (i = 0; i < l.n; i++)
		digest_of(HASH_SHA256, in.layer[i].p, in.layer[i].n, &in.digest[i]);
	tree_init(&tree);
	if (layers_read(&l, &tree, &gaps, &e) == 0)
		check(&tree);
	else
		CHECK(e.kind != ERR_CORRUPT && e.msg[0] != '\0');
	return 0;
}
