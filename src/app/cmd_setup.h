/*
 * cmd_setup.h - `larder setup CLIENT`.
 */
#ifndef LARDER_APP_CMD_SETUP_H
#define LARDER_APP_CMD_SETUP_H

/* Writes, shows or takes back a client's mirror configuration. The exit status. */
int cmd_setup(int argc, char **argv, char **envp);

#endif
