/*
 * cmd_prune.h - `larder prune`.
 */
#ifndef LARDER_APP_CMD_PRUNE_H
#define LARDER_APP_CMD_PRUNE_H

/* An exit status of options.h. */
int cmd_prune(int argc, char **argv, char **envp);

#endif
