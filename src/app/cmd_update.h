/*
 * cmd_update.h - `larder update`.
 */
#ifndef LARDER_APP_CMD_UPDATE_H
#define LARDER_APP_CMD_UPDATE_H

int cmd_update(int argc, char **argv, char **envp); /* an exit status */

#endif
