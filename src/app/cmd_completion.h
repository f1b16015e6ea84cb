/*
 * cmd_completion.h - `larder completion`.
 */
#ifndef LARDER_APP_CMD_COMPLETION_H
#define LARDER_APP_CMD_COMPLETION_H

int cmd_completion(int argc, char **argv, char **envp); /* an exit status */

#endif
