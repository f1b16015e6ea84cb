/* codec/yaml: the tree stays within the limits of yaml.h, as do the documents of others,
 * and scalars are where they say. */
#include "fuzz.h"

#include "base/mem.h"
#include "codec/yaml.h"

static size_t walk(const struct yaml *y, enum yaml_kind parent, int depth)
{
	size_t nodes = 0;

	for (; y != NULL; y = y->next) {
		CHECK(depth <= YAML_MAX_DEPTH);
		CHECK(y->line >= 1);
		CHECK((y->key != NULL) == (parent == YAML_MAP));
		CHECK((y->text != NULL) == (y->kind == YAML_SCALAR));
		CHECK(y->child == NULL || y->kind == YAML_LIST || y->kind == YAML_MAP);
		nodes += 1 + walk(y->child, y->kind, depth + 1);
	}
	return nodes;
}

static size_t walk_foreign(struct view text, const struct yaml *y, int depth)
{
	size_t nodes = 0;

	for (; y != NULL; y = y->next) {
		CHECK(depth <= YAML_FOREIGN_MAX_DEPTH);
		CHECK(y->line >= 1);
		CHECK(y->len == 0 || (y->at + y->len <= text.n &&
				      memcmp(text.p + y->at, y->text, y->len) == 0));
		nodes += 1 + walk_foreign(text, y->child, depth + 1);
	}
	return nodes;
}

static void documents(struct view text)
{
	struct yaml_reader r = { .text = text };
	struct err e = { 0 };
	size_t before = 0;
	struct yaml *y;
	int rc;

	while ((rc = yaml_next(&r, &y, &e)) != 0) {
		CHECK(r.at > before && r.at <= text.n);
		before = r.at;
		CHECK(rc > 0 || e.kind == ERR_INVALID);
		if (rc < 0)
			continue;
		CHECK(walk_foreign(text, y, 0) <= YAML_FOREIGN_MAX_NODES);
		yaml_free(y);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	CLEANUP(yaml_freep)
	struct yaml *y = yaml_parse(fuzz_view(data, size), &e);

	CHECK(y != NULL || e.kind == ERR_INVALID);
	CHECK(walk(y, YAML_NULL, 0) <= YAML_MAX_NODES);
	documents(fuzz_view(data, size));
	return 0;
}
