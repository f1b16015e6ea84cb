/*
 * license.c - is it an expression over known names? No state.
 */
#include "trust/license.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* In the order of strcmp. */
static const char *const ids[] = {
	"0BSD",
	"AFL-2.1",
	"AGPL-3.0-only",
	"AGPL-3.0-or-later",
	"APSL-2.0",
	"Apache-1.1",
	"Apache-2.0",
	"Artistic-1.0",
	"Artistic-1.0-Perl",
	"Artistic-2.0",
	"BSD-1-Clause",
	"BSD-2-Clause",
	"BSD-2-Clause-Patent",
	"BSD-3-Clause",
	"BSD-3-Clause-Clear",
	"BSD-4-Clause",
	"BSD-4-Clause-UC",
	"BSL-1.0",
	"Beerware",
	"BlueOak-1.0.0",
	"CC-BY-3.0",
	"CC-BY-4.0",
	"CC-BY-SA-3.0",
	"CC-BY-SA-4.0",
	"CC0-1.0",
	"CDDL-1.0",
	"CDDL-1.1",
	"CNRI-Python",
	"CPL-1.0",
	"EPL-1.0",
	"EPL-2.0",
	"EUPL-1.2",
	"FSFAP",
	"FSFUL",
	"FSFULLR",
	"FSFULLRWD",
	"FTL",
	"GFDL-1.1-or-later",
	"GFDL-1.2-only",
	"GFDL-1.2-or-later",
	"GFDL-1.3-no-invariants-or-later",
	"GFDL-1.3-only",
	"GFDL-1.3-or-later",
	"GPL-1.0-only",
	"GPL-1.0-or-later",
	"GPL-2.0",
	"GPL-2.0+",
	"GPL-2.0-only",
	"GPL-2.0-or-later",
	"GPL-3.0",
	"GPL-3.0+",
	"GPL-3.0-only",
	"GPL-3.0-or-later",
	"HPND",
	"HPND-sell-variant",
	"ICU",
	"IJG",
	"ISC",
	"Info-ZIP",
	"JSON",
	"LGPL-2.0-only",
	"LGPL-2.0-or-later",
	"LGPL-2.1",
	"LGPL-2.1+",
	"LGPL-2.1-only",
	"LGPL-2.1-or-later",
	"LGPL-3.0",
	"LGPL-3.0+",
	"LGPL-3.0-only",
	"LGPL-3.0-or-later",
	"LPPL-1.3c",
	"Latex2e",
	"Libpng",
	"MIT",
	"MIT-0",
	"MIT-CMU",
	"MIT-Modern-Variant",
	"MIT-open-group",
	"MPL-1.0",
	"MPL-1.1",
	"MPL-2.0",
	"MS-PL",
	"NCSA",
	"NTP",
	"Net-SNMP",
	"OFL-1.0",
	"OFL-1.1",
	"OLDAP-2.8",
	"OpenSSL",
	"PHP-3.01",
	"PSF-2.0",
	"PostgreSQL",
	"Python-2.0",
	"Python-2.0.1",
	"Qhull",
	"Ruby",
	"SGI-B-2.0",
	"SISSL",
	"SSH-OpenSSH",
	"Sleepycat",
	"TCL",
	"UPL-1.0",
	"Unicode-3.0",
	"Unicode-DFS-2016",
	"Unlicense",
	"Vim",
	"W3C",
	"WTFPL",
	"X11",
	"ZPL-2.1",
	"Zlib",
	"blessing",
	"bzip2-1.0.6",
	"curl",
	"libtiff",
	"zlib-acknowledgement",
};

/* After WITH. */
static const char *const exceptions[] = {
	"Autoconf-exception-2.0",
	"Autoconf-exception-3.0",
	"Autoconf-exception-generic",
	"Autoconf-exception-macro",
	"Bison-exception-2.2",
	"Classpath-exception-2.0",
	"Font-exception-2.0",
	"GCC-exception-2.0",
	"GCC-exception-3.1",
	"LLVM-exception",
	"Libtool-exception",
	"Linux-syscall-note",
	"PCRE2-exception",
	"Qt-GPL-exception-1.0",
	"Qt-LGPL-exception-1.1",
	"Texinfo-exception",
	"u-boot-exception-2.0",
};

static int by_text(const void *word, const void *id)
{
	const struct view *w = word;
	const char *text = *(const char *const *)id;
	int order = strncmp(w->p, text, w->n);

	return order != 0 ? order : text[w->n] == '\0' ? 0 : -1;
}

static bool is_in(struct view word, const char *const *list, size_t n)
{
	return bsearch(&word, list, n, sizeof(*list), by_text) != NULL;
}

/* The next of "(", ")" and words between white space and those; empty at the end. */
static struct view next(struct view *rest)
{
	struct view word;

	while (rest->n > 0 && rest->p[0] == ' ') {
		rest->p++;
		rest->n--;
	}
	word = (struct view){ rest->p, 0 };
	if (rest->n > 0 && (rest->p[0] == '(' || rest->p[0] == ')'))
		word.n = 1;
	else
		while (word.n < rest->n && strchr(" ()", rest->p[word.n]) == NULL)
			word.n++;
	rest->p += word.n;
	rest->n -= word.n;
	return word;
}

enum license_form license_form(const char *text)
{
	struct view rest = view_of(text), word;
	bool want_id = true, had_with = false;
	size_t open = 0, names = 0;

	if (text[0] == '\0')
		return LICENSE_NONE;
	while ((word = next(&rest)).n > 0) {
		if (want_id && view_is(word, "(")) {
			open++;
		} else if (want_id) {
			if (!is_in(word, ids, ARRAY_LEN(ids)))
				return LICENSE_TEXT;
			want_id = false;
			had_with = false;
			names++;
		} else if (view_is(word, ")") && open > 0) {
			open--;
			had_with = true; /* what stands in brackets takes no WITH */
		} else if (view_is(word, "AND") || view_is(word, "OR")) {
			want_id = true;
		} else if (view_is(word, "WITH") && !had_with) {
			if (!is_in(next(&rest), exceptions, ARRAY_LEN(exceptions)))
				return LICENSE_TEXT;
			had_with = true;
			names++; /* no name alone */
		} else {
			return LICENSE_TEXT;
		}
	}
	if (want_id || open > 0)
		return LICENSE_TEXT;
	return names == 1 && is_in(view_of(text), ids, ARRAY_LEN(ids))
		       ? LICENSE_ID
		       : LICENSE_EXPRESSION;
}
