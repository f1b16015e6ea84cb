/*
 * db_python.c - core metadata of a Python distribution: the fields before the first empty
 * line, which is where the description begins.
 */
#include "trust/db.h"

int db_python_read(struct view text, struct db_out *out, struct err *e)
{
	struct package_found f = { .kind = PACKAGE_PYTHON };
	struct view left = text, name, value;
	bool expression = false;

	while (db_field(&left, &name, &value)) {
		if (view_is_nocase(name, "Name") && f.name.n == 0) {
			f.name = value;
		} else if (view_is_nocase(name, "Version") && f.version.n == 0) {
			f.version = value;
		} else if (view_is_nocase(name, "License-Expression")) {
			f.license = value;
			expression = true;
		} else if (view_is_nocase(name, "License") && !expression) {
			f.license = value;
		}
	}
	return db_add(out, &f, text, text.p, e);
}
