/*
 * cmd_help.h - `larder help`.
 */
#ifndef LARDER_APP_CMD_HELP_H
#define LARDER_APP_CMD_HELP_H

int cmd_help(int argc, char **argv, char **envp); /* an exit status */

#endif
