/*
 * cmd_import.h - `larder import`.
 */
#ifndef LARDER_APP_CMD_IMPORT_H
#define LARDER_APP_CMD_IMPORT_H

/* An exit status of options.h. */
int cmd_import(int argc, char **argv, char **envp);

#endif
