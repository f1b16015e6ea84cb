/* oci/lockfile: what is read can be written, and what is written is read as the same. */
#include "fuzz.h"

#include "oci/lockfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT(4 * LOCKFILE_MAX_BYTES);
	struct buf second = BUF_INIT(4 * LOCKFILE_MAX_BYTES);
	struct lockfile l, again;
	struct err e;
	size_t i;

	if (lockfile_parse(fuzz_view(data, size), &l, &e) != 0)
		return 0;
	for (i = 0; i < l.n; i++) {
		const struct imageref *r = &l.entry[i]->image;

		CHECK(r->has_digest && r->host[0] != '\0' && r->tag[0] != '\0');
		CHECK(lockfile_find(&l, r->host, r->name.s, r->tag) == l.entry[i]);
	}
	CHECK(lockfile_write(&l, &first, &e) == 0);
	CHECK(lockfile_parse(buf_view(&first), &again, &e) == 0);
	CHECK(again.n == l.n);
	CHECK(lockfile_write(&again, &second, &e) == 0);
	CHECK(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
	lockfile_done(&again);
	lockfile_done(&l);
	buf_done(&first);
	buf_done(&second);
	return 0;
}
