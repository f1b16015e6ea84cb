/*
 * setting_apply.h - a tree of keys and values, from any source, into a draft.
 */
#ifndef LARDER_SETTINGS_SETTING_APPLY_H
#define LARDER_SETTINGS_SETTING_APPLY_H

#include "settings/setting_draft.h"
#include "settings/setting_path.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/yaml.h"

/* node is the value of path (n = 0: a whole file). source names a file, variable or flag;
 * for a file, lines are told as source:line. ERR_INVALID for values that are wrong and
 * keys under "larder" that are unknown; other unknown keys are warnings. */
int setting_apply(struct setting_draft *d, const char *source, bool is_file,
		  const struct setting_path *path, const struct yaml *node,
		  struct err *e);

/* The text of a whole file. ERR_INVALID also when there is no "version". */
int setting_apply_file(struct setting_draft *d, const char *name, struct view text,
		       struct err *e);

#endif
