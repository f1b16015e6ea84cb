/*
 * cmd_discover.h - `larder discover`.
 */
#ifndef LARDER_APP_CMD_DISCOVER_H
#define LARDER_APP_CMD_DISCOVER_H

/* An exit status of options.h. */
int cmd_discover(int argc, char **argv, char **envp);

#endif
