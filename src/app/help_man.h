/*
 * help_man.h - manual pages (man(7)), on standard output.
 */
#ifndef LARDER_APP_HELP_MAN_H
#define LARDER_APP_HELP_MAN_H

#include "app/command.h"

void help_man_larder(void);			/* larder(1) */
void help_man_command(const struct command *c); /* larder-NAME(1) */
void help_man_settings(void);			/* larder-settings(5) */

#endif
