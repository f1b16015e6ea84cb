/*
 * setting_bound.c - bounds are told in the unit that people write.
 */
#include "settings/setting_bound.h"

#include <strings.h>

#include "settings/setting_bytes.h"
#include "settings/setting_value.h"

int setting_bound_check(const struct setting_row *row, int64_t n, struct err *e)
{
	char low[64], high[64];

	if (n >= row->min && n <= row->max)
		return 0;
	if (row->type == SETTING_COUNT)
		return err_set(e, ERR_INVALID, "must be from %lld to %lld",
			       (long long)row->min, (long long)row->max);
	if (row->type == SETTING_BYTES) {
		setting_bytes_text(row->min, low);
		setting_bytes_text(row->max, high);
	} else {
		setting_value_duration_text(row->min, low);
		setting_value_duration_text(row->max, high);
	}
	return err_set(e, ERR_INVALID, "must be from %s to %s", low, high);
}

int setting_bound_age(const struct setting_row *row, const char *text, int64_t *out,
		      struct err *e)
{
	int64_t ms = 0;

	if (row->type != SETTING_DURATION && strcasecmp(text, "always") == 0) {
		*out = 0;
		return 0;
	}
	if (setting_value_duration(text, &ms, e) != 0 ||
	    setting_bound_check(row, ms, e) != 0)
		return -1;
	*out = ms;
	return 0;
}
