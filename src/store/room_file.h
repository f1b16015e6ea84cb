/*
 * room_file.h - the file of a store's room, for room.c; and a look at it from outside.
 */
#ifndef LARDER_STORE_ROOM_FILE_H
#define LARDER_STORE_ROOM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct room;

/* As room_open, room_close and room_reap of room.h. */
void room_file_open(struct room *r, struct store *s, bool alone);
void room_file_close(struct room *r, bool last);
void room_file_reap(struct room *r);

/* The numbers of a store that was only looked at (store_look). False: they are not known.
 */
bool room_file_look(struct store *s, uint64_t *used, uint64_t *reserved);

#endif
