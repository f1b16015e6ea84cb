/*
 * db_apk.c - apk's installed: a letter, a colon and a value a line, an empty line after
 * each package. What follows the package's own fields are its files (F, R, a, Z, M).
 */
#include "trust/db.h"

static void take(struct package_found *f, struct view line)
{
	struct view value = { line.p + 2, line.n - 2 };

	switch (*line.p) {
	case 'P':
		f->name = value;
		break;
	case 'V':
		f->version = value;
		break;
	case 'A':
		f->arch = value;
		break;
	case 'o':
		f->source = value;
		break;
	case 'L':
		f->license = value;
		break;
	default:
		break;
	}
}

int db_apk_read(struct view text, struct db_out *out, struct err *e)
{
	struct view left = text, line;
	bool any;

	while (left.n > 0) {
		struct package_found f = { .kind = PACKAGE_APK };
		const char *at = left.p;

		any = false;
		while (db_line(&left, &line) && line.n > 0) {
			any = true;
			if (line.n >= 2 && line.p[1] == ':')
				take(&f, line);
		}
		if (any && db_add(out, &f, text, at, e) != 0)
			return -1;
	}
	return 0;
}
