/*
 * diff.h - the difference of two small texts, as `diff -u` shows it.
 */
#ifndef LARDER_CLIENTS_DIFF_H
#define LARDER_CLIENTS_DIFF_H

#include "base/buf.h"

/* Appended to out, with the two names in its head and three lines around each change;
 * nothing where the texts are the same. Where more than some thousand lines have changed
 * the difference is right, but not the smallest. What follows words like "password" in a
 * line is not shown, nor are a URL's user and password, since this is printed into logs.
 * -1: over out's limit. */
int diff_unified(struct view before, struct view after, const char *name_before,
		 const char *name_after, struct buf *out);

#endif
