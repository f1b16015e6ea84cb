/*
 * cmd_version.h - `larder version`.
 */
#ifndef LARDER_APP_CMD_VERSION_H
#define LARDER_APP_CMD_VERSION_H

int cmd_version(int argc, char **argv, char **envp); /* an exit status */

#endif
