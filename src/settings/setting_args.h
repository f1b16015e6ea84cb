/*
 * setting_args.h - settings from the command line.
 */
#ifndef LARDER_SETTINGS_SETTING_ARGS_H
#define LARDER_SETTINGS_SETTING_ARGS_H

#include <stdbool.h>

#include "settings/setting_draft.h"
#include "base/buf.h"
#include "base/err.h"

/* --name VALUE or --name=VALUE for each row that has a flag (a bool needs no VALUE),
 * --print-settings, and at most one path of a configuration file, which goes to *file
 * (borrowed from argv; NULL: none). argv[0] is the subcommand's name. Called with d NULL
 * it only finds the file. ERR_INVALID names the nearest known flag. */
int setting_args_apply(struct setting_draft *d, int argc, char **argv, const char **file,
		       struct err *e);

/* Is there a flag of that name, and does it need a value after it? */
bool setting_args_known(struct view name, bool *wants_value);
/* The known flag most like name, and how unlike it is. Static. */
const char *setting_args_nearest(const char *name, size_t *distance);

#endif
