/*
 * inventory_state.h - how an image of the inventory stands. Pure.
 */
#ifndef LARDER_MIRROR_INVENTORY_STATE_H
#define LARDER_MIRROR_INVENTORY_STATE_H

enum inventory_state {
	INVENTORY_FRESH,  /* compared with its upstream, not too long ago */
	INVENTORY_DUE,	  /* too long ago, or never: the next pull compares it */
	INVENTORY_STALE,  /* due, and its upstream is in trouble */
	INVENTORY_PINNED, /* never compared again */
	INVENTORY_LOCKED, /* it is what the lock file says, whatever its upstream does */
	INVENTORY_LOCAL,  /* lives here */
	INVENTORY_UNTAGGED, /* mirrored, and no tag leads to it */
	INVENTORY_UNSERVED, /* no name leads to it, as the settings are */
	INVENTORY_DAMAGED,  /* see the row's reason */
	INVENTORY_STATES,
};

const char *inventory_state_word(enum inventory_state s); /* "fresh" */
/* INVENTORY_STATES: no such word. */
enum inventory_state inventory_state_of(const char *word);

#endif
