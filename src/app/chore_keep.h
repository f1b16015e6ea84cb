/*
 * chore_keep.h - what goes by larder.keep, and small housekeeping of the store's room.
 */
#ifndef LARDER_APP_CHORE_KEEP_H
#define LARDER_APP_CHORE_KEEP_H

struct chores;

/* On the thread of chores.h. */
void chore_keep(struct chores *c);
void chore_partials(struct chores *c); /* downloads that nobody has gone on with for a day */
void chore_count(struct chores *c);

#endif
