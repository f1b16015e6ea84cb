/* codec/zip: what is accepted has the size that fits, and names have an end. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_closep)
	int fd = memfd_create("zip", MFD_CLOEXEC);
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(10000);
	CLEANUP(zip_reader_freep)
	struct zip_reader *r = NULL;
	const char *name;
	struct err e;

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	r = zip_reader_new(fd, &e);
	while (r != NULL && zip_reader_next(r, &name, &e) > 0) {
		CHECK(name[0] != '\0' && strlen(name) < 4096);
		if (zip_reader_content(r, &out, &e) == 0)
			CHECK(out.n <= 10000);
	}
	return 0;
}
