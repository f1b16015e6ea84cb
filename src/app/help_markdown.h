/*
 * help_markdown.h - commands as documentation, on standard output.
 */
#ifndef LARDER_APP_HELP_MARKDOWN_H
#define LARDER_APP_HELP_MARKDOWN_H

#include "app/command.h"

void help_markdown_command(const struct command *c); /* its part of that page */
void help_markdown_all(void);			     /* docs/commands.md */

#endif
