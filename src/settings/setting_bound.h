/*
 * setting_bound.h - numbers within the bounds of their row.
 */
#ifndef LARDER_SETTINGS_SETTING_BOUND_H
#define LARDER_SETTINGS_SETTING_BOUND_H

#include <stdint.h>

#include "settings/setting_table.h"
#include "base/err.h"

/* ERR_INVALID says the bounds. */
int setting_bound_check(const struct setting_row *row, int64_t n, struct err *e);
/* A duration, or, unless the row is SETTING_DURATION, the word "always" for 0. */
int setting_bound_age(const struct setting_row *row, const char *text, int64_t *out,
		      struct err *e);

#endif
