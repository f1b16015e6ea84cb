/*
 * cmd_history.h - `larder history`.
 */
#ifndef LARDER_APP_CMD_HISTORY_H
#define LARDER_APP_CMD_HISTORY_H

int cmd_history(int argc, char **argv, char **envp); /* an exit status */

#endif
