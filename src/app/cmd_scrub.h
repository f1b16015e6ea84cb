/*
 * cmd_scrub.h - `larder scrub`.
 */
#ifndef LARDER_APP_CMD_SCRUB_H
#define LARDER_APP_CMD_SCRUB_H

int cmd_scrub(int argc, char **argv, char **envp);

#endif
