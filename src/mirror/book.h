/*
 * book.h - what is known of the pull quotas of all accounts, and who has been told: the
 * upstreams that are in use, and the file. So that each pull is told each of them once,
 * whoever made it: this process, another on the same store, or one that has ended. Pure;
 * one thread at a time.
 */
#ifndef LARDER_MIRROR_BOOK_H
#define LARDER_MIRROR_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upstream/quota.h"

#define BOOK_MAX_ACCOUNTS 256
#define BOOK_MAX_SLOTS 1024 /* of an account; a window has 360. The oldest go first */

/* Pulls made within the slot of time that begins at at_ms. */
struct book_slot {
	int64_t at_ms; /* wall clock */
	uint32_t all;
	uint32_t told;	  /* of them, those that the upstream knows */
	uint32_t filed;	  /* those that are in the file, as far as is known */
	uint32_t own;	  /* those of this process that are not in it */
	uint32_t writing; /* of own: being written */
};

struct book_account {
	char host[256];
	/* The observation: known to source, seen_wall_ms, account, account_id, used_up,
	 * back_wall_ms. */
	struct upstream_quota quota;
	bool told;	/* the upstream knows the observation */
	bool unwritten; /* the file does not */
	bool writing;
	struct book_slot *slot; /* by at_ms */
	size_t n_slots, room;
};

struct book {
	struct book_account *account[BOOK_MAX_ACCOUNTS];
	size_t n;
};

void book_done(struct book *b);
/* The account, made if there is room; else NULL. */
struct book_account *book_account(struct book *b, const char *host,
				  const char *account_id);

/* What an upstream said, and pulls that it counted: the file does not have them. told:
 * it is the upstream that is told of what others do; not one of earlier settings. */
void book_observed(struct book_account *a, const struct upstream_quota *q, bool told);
void book_spent(struct book_account *a, int64_t at_ms, uint32_t n, bool told);
/* The file says so: it counts if it was seen later. */
void book_read_quota(struct book_account *a, const struct upstream_quota *q);
/* The file has so many in that slot: what is more than was known, others made. */
void book_read_spent(struct book_account *a, int64_t at_ms, uint32_t n);

/* Is there anything to write? */
bool book_is_unwritten(const struct book *b);
/* Before it is written: what a->writing and slot->writing say. Then it is in the file. */
void book_writing(struct book *b);
void book_written(struct book *b);
/* The file has been begun anew: nothing is in it. */
void book_unfiled(struct book *b);
/* Upstreams that know nothing yet. */
void book_untold(struct book *b);
/* What the account's upstream has not been told, at most max slots; it counts as told by
 * book_told only. */
size_t book_untold_of(const struct book_account *a, struct upstream_spent *out,
		      size_t max);
void book_told(struct book_account *a);

/* Forget slots older than that. */
void book_age(struct book_account *a, int64_t before_ms);

#endif
