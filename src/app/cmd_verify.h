/*
 * cmd_verify.h - `larder verify`.
 */
#ifndef LARDER_APP_CMD_VERIFY_H
#define LARDER_APP_CMD_VERIFY_H

/* An exit status of options.h. */
int cmd_verify(int argc, char **argv, char **envp);

#endif
