/*
 * cmd_pull.h - `larder pull`.
 */
#ifndef LARDER_APP_CMD_PULL_H
#define LARDER_APP_CMD_PULL_H

int cmd_pull(int argc, char **argv, char **envp); /* an exit status */

#endif
