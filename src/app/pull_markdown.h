/*
 * pull_markdown.h - what became of a batch of images, as Markdown for a pull request.
 */
#ifndef LARDER_APP_PULL_MARKDOWN_H
#define LARDER_APP_PULL_MARKDOWN_H

#include "app/pull_report.h"

void pull_markdown_print(const struct pull_report *r, const struct imageargs *a);

#endif
