/*
 * cmd_export.h - `larder export`.
 */
#ifndef LARDER_APP_CMD_EXPORT_H
#define LARDER_APP_CMD_EXPORT_H

/* An exit status of options.h. */
int cmd_export(int argc, char **argv, char **envp);

#endif
