/*
 * chore_collect.h - removing what nobody names any more, while it serves.
 */
#ifndef LARDER_APP_CHORE_COLLECT_H
#define LARDER_APP_CHORE_COLLECT_H

struct chores;

/* On the thread of chores.h. Where another process does the same just now, nothing. */
void chore_collect(struct chores *c);

#endif
