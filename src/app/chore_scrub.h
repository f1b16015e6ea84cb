/*
 * chore_scrub.h - scrubbing and repairing the store while it serves, piece by piece.
 */
#ifndef LARDER_APP_CHORE_SCRUB_H
#define LARDER_APP_CHORE_SCRUB_H

struct chores;

/* On the thread of chores.h: half a minute of it, then others have their turn. What could
 * not be fetched again is tried later. Where another process scrubs just now, nothing. */
void chore_scrub(struct chores *c);

#endif
