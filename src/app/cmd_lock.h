/*
 * cmd_lock.h - `larder lock`.
 */
#ifndef LARDER_APP_CMD_LOCK_H
#define LARDER_APP_CMD_LOCK_H

int cmd_lock(int argc, char **argv, char **envp);

#endif
