/*
 * cmd_diff.h - `larder diff`.
 */
#ifndef LARDER_APP_CMD_DIFF_H
#define LARDER_APP_CMD_DIFF_H

int cmd_diff(int argc, char **argv, char **envp);

#endif
