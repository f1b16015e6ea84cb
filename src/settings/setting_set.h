/*
 * setting_set.h - one value, checked and stored where its row says.
 */
#ifndef LARDER_SETTINGS_SETTING_SET_H
#define LARDER_SETTINGS_SETTING_SET_H

#include "settings/setting_draft.h"
#include "settings/setting_path.h"
#include "settings/setting_table.h"
#include "base/err.h"
#include "codec/yaml.h"

/* YAML_NULL brings the default back. What stood there before is replaced. ERR_INVALID
 * says what would be right, without the name of the setting and without secrets; *line is
 * the line of the fault, for nodes that have lines. */
int setting_set(struct setting_draft *d, const struct setting_row *row,
		const struct setting_path *path, const struct yaml *node, int *line,
		struct err *e);
/* The entry that a path at or below larder.upstreams.<host> is about, made if need be;
 * the draft itself for any other path. NULL: ERR_INVALID, no such host can be. */
void *setting_set_base(struct setting_draft *d, const struct setting_path *path,
		       struct err *e);
/* Every setting's default that does not need to be found out. */
void setting_set_defaults(struct setting_draft *d);

#endif
