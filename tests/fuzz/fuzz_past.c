/* mirror/past_json: a row that another larder sent, written and read again, is the same,
 * and holds nothing that a terminal would obey. */
#include "fuzz.h"

#include "base/mem.h"
#include "mirror/past_json.h"

static void check_text(const char *s)
{
	CHECK(*s != '\0');
	for (; *s != '\0'; s++)
		CHECK((unsigned char)*s >= ' ' && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct past_row row, again;
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(PAST_JSON_MAX);
	struct err e;

	if (past_json_read(fuzz_view(data, size), &row, &e) != 0)
		return 0;
	check_text(row.shown);
	check_text(row.tag);
	check_text(row.from);
	CHECK(past_json_here(row.here)[0] != '\0');
	/* A year that has not four digits is written as none. */
	if (past_json_write(&line, &row) != 0 ||
	    past_json_read(buf_view(&line), &again, &e) != 0)
		return 0;
	CHECK(strcmp(row.shown, again.shown) == 0 && strcmp(row.tag, again.tag) == 0);
	CHECK(row.gone == again.gone && row.since_ms == again.since_ms);
	CHECK(row.gone ||
	      (digest_equal(&row.digest, &again.digest) && row.here == again.here));
	return 0;
}
