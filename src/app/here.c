/*
 * here.c - what uname says, in the words of images (the values of Go's GOARCH).
 */
#include "app/here.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"

void here_platform(struct platform *out)
{
	static const struct {
		const char *machine, *arch, *variant;
	} known[] = {
		{ "x86_64", "amd64", "" },    { "aarch64", "arm64", "" },
		{ "armv7l", "arm", "v7" },    { "armv6l", "arm", "v6" },
		{ "armv8l", "arm", "v7" },    { "i686", "386", "" },
		{ "i586", "386", "" },	      { "ppc64le", "ppc64le", "" },
		{ "s390x", "s390x", "" },     { "riscv64", "riscv64", "" },
		{ "mips64", "mips64le", "" }, { "loongarch64", "loong64", "" },
	};
	struct platform p = { .os = "linux" };
	struct utsname un;
	size_t i;

	if (uname(&un) != 0)
		snprintf(un.machine, sizeof(un.machine), "x86_64");
	snprintf(p.arch, sizeof(p.arch), "%.31s", un.machine);
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(un.machine, known[i].machine) != 0)
			continue;
		snprintf(p.arch, sizeof(p.arch), "%s", known[i].arch);
		snprintf(p.variant, sizeof(p.variant), "%s", known[i].variant);
	}
	*out = p;
}
