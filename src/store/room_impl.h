/*
 * room_impl.h - what room.c, room_file.c and room_count.c share. Not for other files.
 */
#ifndef LARDER_STORE_ROOM_IMPL_H
#define LARDER_STORE_ROOM_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/room.h"

#define ROOM_SEATS 32 /* processes; more share the last one, which nobody takes back */
#define ROOM_BOOT_BYTES 40

struct room_seat {
	_Atomic int32_t taken;
	_Atomic int32_t notes; /* it has uses that are not written down */
	_Atomic int64_t reserved;
};

struct room_slice {
	_Atomic int64_t bytes;
	_Atomic uint64_t moves;
	_Atomic int64_t busy; /* files that come or go just now */
};

struct room_numbers {
	_Atomic uint64_t magic;
	/* Bytes in use and reserved, and of those the reserved ones. */
	_Atomic int64_t total, reserved;
	_Atomic int known; /* enum room_known */
	_Atomic int clean; /* the last who had it open ended in order */
	char boot[ROOM_BOOT_BYTES];
	_Atomic uint64_t moves; /* of what is no blob */
	_Atomic int64_t busy;	/* files of those that are just being changed */
	struct room_seat seat[ROOM_SEATS];
	struct room_slice slice[ROOM_SLICES];
	_Atomic uint64_t notes_wanted; /* how often */
};

struct room {
	struct room_numbers *n; /* mapped, or private */
	int fd;			/* -1: private */
	struct room_seat *seat;
	_Atomic uint64_t limit;
	_Atomic int64_t wanted;
	_Atomic uint64_t expected;
	pthread_mutex_t mu;
	pthread_cond_t moved;
	/* guarded by mu */
	uint64_t mark;
	void (*pressure)(void *arg);
	void *arg;
	unsigned gave_up; /* how often */
};

#endif
