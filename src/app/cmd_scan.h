/*
 * cmd_scan.h - `larder scan`: which known vulnerabilities are in images.
 */
#ifndef LARDER_APP_CMD_SCAN_H
#define LARDER_APP_CMD_SCAN_H

int cmd_scan(int argc, char **argv, char **envp);

#endif
