/*
 * setting_path.c - finding rows by key, and the nearest known key.  Pure.
 */
#include "settings/setting_path.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define WORD_MAX 127

void setting_path_text(const struct setting_path *path, char *out, size_t outlen)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < path->n && at < outlen; i++)
		at += (size_t)snprintf(out + at, outlen - at, "%s%s", i ? "." : "",
				       path->part[i]);
}

/* Does the beginning of a row's key agree with the path? *parts: how many parts the key
 * has. */
static bool agrees(const char *key, const struct setting_path *path, size_t *parts)
{
	bool same = true;
	size_t i = 0;

	for (;; i++, key++) {
		struct view part = { key, strcspn(key, ".") };

		if (i < path->n && !view_is(part, "*") && !view_is(part, path->part[i]))
			same = false;
		key += part.n;
		if (*key == '\0')
			break;
	}
	*parts = i + 1;
	return same;
}

static bool covers_below(const struct setting_row *row)
{
	return row->type >= SETTING_SILENT;
}

const struct setting_row *setting_path_row(const struct setting_path *path)
{
	size_t parts;

	for (size_t i = 0; i < setting_table_len; i++) {
		const struct setting_row *row = &setting_table_rows[i];

		if (agrees(row->key, path, &parts) &&
		    (parts == path->n || (parts < path->n && covers_below(row))))
			return row;
	}
	return NULL;
}

bool setting_path_is_inner(const struct setting_path *path)
{
	size_t parts;

	for (size_t i = 0; i < setting_table_len; i++)
		if (agrees(setting_table_rows[i].key, path, &parts) && parts > path->n)
			return true;
	return false;
}

/* key with path's parts for its "*", cut after as many parts as path has. */
static void fill_in(const char *key, const struct setting_path *path, char *out,
		    size_t outlen)
{
	struct setting_path full = { .n = 0 };
	char copy[128];
	char *p = copy;

	snprintf(copy, sizeof(copy), "%s", key);
	while (p && full.n < path->n) {
		char *part = strsep(&p, ".");

		full.part[full.n] = strcmp(part, "*") == 0 ? path->part[full.n] : part;
		full.n++;
	}
	setting_path_text(&full, out, outlen);
}

size_t setting_path_nearest(const struct setting_path *path, char *out, size_t outlen)
{
	char written[WORD_MAX + 1], known[WORD_MAX + 1];
	size_t least = SIZE_MAX;

	setting_path_text(path, written, sizeof(written));
	out[0] = '\0';
	for (size_t i = 0; i < setting_table_len; i++) {
		size_t distance;

		fill_in(setting_table_rows[i].key, path, known, sizeof(known));
		distance = setting_path_distance(written, known);
		if (distance < least) {
			least = distance;
			snprintf(out, outlen, "%s", known);
		}
	}
	return least;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t setting_path_distance(const char *a, const char *b)
{
	size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
	size_t row[WORD_MAX + 1]; /* of the table of prefixes' distances */

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner =
			row[0]; /* distance of a's and b's prefixes, one shorter each */

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];

			row[j] = least_of(row[j - 1] + 1, above + 1,
					  corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[nb];
}

bool setting_path_is_slip(size_t distance, const char *written)
{
	return distance <= 2 || distance <= strlen(written) / 5;
}
