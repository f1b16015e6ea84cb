/* oci/imagelist: a list of images. It always ends; what it yields can be written and read
 * again. */
#include "fuzz.h"

#include "oci/imagelist.h"

static const char *variable(void *arg, const char *name)
{
	return strlen(name) % 2 == 0 ? "3.19" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imagelist l = { .text = fuzz_view(data, size), .variable = variable };
	struct imagelist_entry entry;
	char text[IMAGEREF_TEXT_MAX], again[IMAGEREF_TEXT_MAX];
	struct imageref r;
	struct err e;
	int rc;

	while ((rc = imagelist_next(&l, &entry, &e)) != 0) {
		if (rc < 0)
			continue;
		CHECK(entry.line > 0 && entry.nplatforms <= IMAGELIST_MAX_PLATFORMS);
		imageref_text(&entry.image, text);
		CHECK(imageref_parse(view_of(text), &r, &e) == 0);
		imageref_text(&r, again);
		CHECK(strcmp(text, again) == 0);
	}
	CHECK(l.text.n == 0);
	return 0;
}
