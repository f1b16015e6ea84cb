/* codec/sqlread, trust/db_rpm: any bytes as rpm's database; what follows the word "-wal-"
 * is its log. */
#include "fuzz.h"

#include "base/mem.h"
#include "trust/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(packages_done)
	struct packages list = { NULL, 0, 0 };
	CLEANUP(buf_done)
	struct buf db = BUF_INIT(1u << 20);
	struct db_out out = { .list = &list, .path = VIEW("path") };
	const uint8_t *mark = memmem(data, size, "-wal-", 5);
	size_t n = mark != NULL ? (size_t)(mark - data) : size;
	struct view wal = { NULL, 0 };

	if (mark != NULL)
		wal = fuzz_view(mark + 5, size - n - 5);
	buf_add(&db, data, n);
	db_rpm_read(&db, wal, &out, NULL);
	return 0;
}
