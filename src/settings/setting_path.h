/*
 * setting_path.h - keys of settings: as parts, as text, in the table, near one another.
 */
#ifndef LARDER_SETTINGS_SETTING_PATH_H
#define LARDER_SETTINGS_SETTING_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/setting_table.h"

/* A key as parts: "http", "headers", "X-Frame-Options". The texts are the caller's. */
struct setting_path {
	const char *part[SETTING_DEPTH];
	size_t n;
};

/* The parts with dots between; cut to outlen. */
void setting_path_text(const struct setting_path *path, char *out, size_t outlen);
/* The row of that key, or of one above it that covers all below; NULL: none. */
const struct setting_row *setting_path_row(const struct setting_path *path);
/* There are rows below that key. */
bool setting_path_is_inner(const struct setting_path *path);
/* The known key most like it, with "*" filled in from path, and how unlike it is. */
size_t setting_path_nearest(const struct setting_path *path, char *out, size_t outlen);

/* How unlike two words are: the insertions, deletions and changes of one letter that make
 * one of the other. Only the first 127 letters count. */
size_t setting_path_distance(const char *a, const char *b);
/* Near enough to be a slip of the fingers. */
bool setting_path_is_slip(size_t distance, const char *written);

#endif
