/*
 * chore_room.h - what has to do with the bytes that the store has.
 */
#ifndef LARDER_APP_CHORE_ROOM_H
#define LARDER_APP_CHORE_ROOM_H

struct chores;

/* On the thread of chores.h. */
void chore_room_partials(struct chores *c); /* those nobody has continued for a day go */
void chore_room_count(struct chores *c);

#endif
