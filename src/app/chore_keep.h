/*
 * chore_keep.h - taking out what larder.keep does not keep, while it serves.
 */
#ifndef LARDER_APP_CHORE_KEEP_H
#define LARDER_APP_CHORE_KEEP_H

struct chores;

/* On the thread of chores.h. */
void chore_keep(struct chores *c);

#endif
