/*
 * setting_args.h - settings from the command line.
 */
#ifndef LARDER_APP_SETTING_ARGS_H
#define LARDER_APP_SETTING_ARGS_H

#include "app/setting_draft.h"
#include "base/err.h"

/* --name VALUE or --name=VALUE for each row that has a flag (a bool needs no VALUE),
 * --print-settings, and at most one path of a configuration file, which goes to *file
 * (borrowed from argv; NULL: none). argv[0] is the subcommand's name. Called with d NULL
 * it only finds the file. ERR_INVALID names the nearest known flag. */
int setting_args_apply(struct setting_draft *d, int argc, char **argv, const char **file,
		       struct err *e);

#endif
