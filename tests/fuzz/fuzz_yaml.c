/* codec/yaml: the tree stays within the limits of yaml.h. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	CLEANUP(yaml_freep)
	struct yaml *y = yaml_parse(fuzz_view(data, size), &e);

	CHECK(y != NULL || e.kind == ERR_INVALID);
	CHECK(walk(y, YAML_NULL, 0) <= YAML_MAX_NODES);
	return 0;
}
