/*
 * setting_list.h - the settings that are lists of patterns.
 */
#ifndef LARDER_SETTINGS_SETTING_LIST_H
#define LARDER_SETTINGS_SETTING_LIST_H

#include "settings/setting_table.h"
#include "settings/settings.h"
#include "base/err.h"
#include "codec/yaml.h"

#define SETTING_PATTERNS_MAX 1000

/* node, whatever its form, as larder.local (SETTING_PATTERNS) or larder.tags
 * (SETTING_TAGS). A list replaces what a weaker source said. *line is the line of the
 * fault. */
int setting_list_set(struct settings *s, const struct setting_row *row,
		     const struct yaml *node, int *line, struct err *e);

#endif
