/*
 * cmd_list.h - `larder list`.
 */
#ifndef LARDER_APP_CMD_LIST_H
#define LARDER_APP_CMD_LIST_H

/* An exit status of options.h. */
int cmd_list(int argc, char **argv, char **envp);

#endif
