/* trust/vuln_data: any file as data of vulnerabilities, of whatever kind it looks like,
 * against images of four kinds: findings are well formed, each once. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "trust/vuln_data.h"
#include "trust/vuln_merge.h"

static void add_image(struct vuln *v, const char *id, const char *version,
		      enum package_kind kind, const char *name, const char *installed)
{
	struct package p = {
		kind, name, name, installed, "", name, installed, "", "", 0
	};
	struct contents c = { .packages = { &p, 1, 1 } };

	snprintf(c.os.id, sizeof(c.os.id), "%s", id);
	snprintf(c.os.version_id, sizeof(c.os.version_id), "%s", version);
	CHECK(vuln_add_image(v, &c, NULL) == 0);
}

static void check_image(struct vuln *v, size_t i)
{
	const struct vuln_image *im = vuln_image(v, i);
	size_t k;

	for (k = 0; k < im->n; k++) {
		const struct vuln_finding *f = &im->finding[k];

		CHECK(f->id != NULL && f->id[0] != '\0' && strlen(f->id) < VULN_ID_MAX);
		CHECK(f->severity <= VULN_CRITICAL && f->score >= -1 && f->score <= 100);
		CHECK(vuln_has(v, i, f));
		CHECK(k == 0 || strcmp(f->id, im->finding[k - 1].id) != 0);
		CHECK(k == 0 || f->severity <= im->finding[k - 1].severity);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_closep)
	int fd = memfd_create("vuln", MFD_CLOEXEC);
	struct vuln *v = vuln_new();
	struct vuln_data d = { 0 };
	struct err e;
	size_t i;

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	add_image(v, "debian", "12", PACKAGE_DEB, "zlib", "1:1.2.13");
	add_image(v, "alpine", "3.19.1", PACKAGE_APK, "zlib", "1.3-r1");
	add_image(v, "", "", PACKAGE_PYTHON, "six", "1.16.0");
	add_image(v, "almalinux", "8.10", PACKAGE_RPM, "ruby",
		  "3.3.1-1.module_el8.4.0+9+aaaaaaaa");
	if (vuln_data_file(v, &d, "file", fd, size, 1, &e) == 0 &&
	    vuln_finish(v, &e) == 0)
		for (i = 0; i < vuln_images(v); i++)
			check_image(v, i);
	vuln_data_sort(&d);
	vuln_data_done(&d);
	vuln_free(v);
	return 0;
}
