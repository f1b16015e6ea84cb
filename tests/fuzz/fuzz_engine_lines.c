/* upstream/engine_lines: whatever the pieces, the same is understood, and is fit for a
 * terminal. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/engine_lines.h"

static int read_lines(const uint8_t *data, size_t size, size_t step, struct buf *said,
		      struct err *e)
{
	CLEANUP(engine_lines_done)
	struct engine_lines l;
	size_t i;

	engine_lines_init(&l, said);
	for (i = 0; i < size; i += step)
		if (engine_lines_feed(&l, data + i, size - i < step ? size - i : step,
				      e) != 0)
			return -1;
	return engine_lines_end(&l, e);
}

static void check_text(const char *p)
{
	for (; *p != '\0'; p++)
		CHECK((unsigned char)*p >= ' ' || *p == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(1 << 20);
	CLEANUP(buf_done)
	struct buf parts = BUF_INIT(1 << 20);
	struct err a = { 0 }, b = { 0 };
	int rc;

	rc = read_lines(data, size, size + 1, &whole, &a);
	CHECK(read_lines(data, size, 1 + size % 7, &parts, &b) == rc);
	CHECK(strcmp(buf_str(&whole), buf_str(&parts)) == 0);
	CHECK(rc == 0 || (a.kind == b.kind && strcmp(a.msg, b.msg) == 0));
	check_text(buf_str(&whole));
	check_text(a.msg);
	return 0;
}
