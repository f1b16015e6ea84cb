/* mirror/inventory_json: a row that another larder sent, written and read again, is the
 * same, and holds nothing that a terminal would obey. */
#include "fuzz.h"

#include "base/mem.h"
#include "mirror/inventory_json.h"

static void check_text(const char *s)
{
	for (; *s != '\0'; s++)
		CHECK(*s >= ' ' && *s <= '~');
}

static void check_same(const struct inventory_row *a, const struct inventory_row *b)
{
	CHECK(strcmp(a->shown, b->shown) == 0 && strcmp(a->tag, b->tag) == 0);
	CHECK(a->has_digest == b->has_digest && a->kind == b->kind);
	CHECK(!a->has_digest || digest_equal(&a->digest, &b->digest));
	CHECK(a->bytes == b->bytes && a->shared == b->shared && a->uses == b->uses);
	CHECK(a->state == b->state && a->complete == b->complete);
	CHECK(a->nplatforms == b->nplatforms && a->listed == b->listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct inventory_row row, again;
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(INVENTORY_JSON_MAX);
	struct err e;
	size_t i;

	if (inventory_json_read(fuzz_view(data, size), &row, &e) != 0)
		return 0;
	CHECK(row.state < INVENTORY_STATES && row.kind != NULL);
	CHECK(row.nplatforms <= INVENTORY_MAX_PLATFORMS);
	check_text(row.shown);
	check_text(row.tag);
	check_text(row.reason);
	check_text(row.media_type);
	for (i = 0; i < row.nplatforms; i++) {
		check_text(row.platform[i].platform.os);
		check_text(row.platform[i].platform.arch);
		check_text(row.platform[i].platform.variant);
	}
	CHECK(inventory_json_write(&line, &row) == 0);
	CHECK(inventory_json_read(buf_view(&line), &again, &e) == 0);
	check_same(&row, &again);
	return 0;
}
