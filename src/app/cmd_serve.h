/*
 * cmd_serve.h - `larder serve`.
 */
#ifndef LARDER_APP_CMD_SERVE_H
#define LARDER_APP_CMD_SERVE_H

/* Serves until a signal ends it. The settings that argc, argv and envp give are read
 * again on SIGHUP. Returns the exit status. */
int cmd_serve(int argc, char **argv, char **envp);

#endif
