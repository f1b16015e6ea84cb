/*
 * cmd_status.h - `larder status`.
 */
#ifndef LARDER_APP_CMD_STATUS_H
#define LARDER_APP_CMD_STATUS_H

/* An exit status of options.h. */
int cmd_status(int argc, char **argv, char **envp);

#endif
