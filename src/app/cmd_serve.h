/*
 * cmd_serve.h - `larder serve`.
 */
#ifndef LARDER_APP_CMD_SERVE_H
#define LARDER_APP_CMD_SERVE_H

#include "app/settings.h"

/* Serves until a signal ends it. first: the settings that argc, argv (from the
 * subcommand's name on) and envp gave; they are read again on SIGHUP. Returns the exit
 * status. */
int cmd_serve(const struct settings *first, int argc, char **argv, char **envp);

#endif
