/*
 * upload.h - a blob that a client is sending: bytes in order, until it says their digest.
 *
 * A session belongs to one repository and is a file in larder/uploads, named after both,
 * so that it survives a restart. Its running hash is in memory only: where it is missing,
 * the file is read again at the end. One user at a time; others are told ERR_BUSY.
 *
 * The calls on struct uploads may come from any thread; those on one struct upload from
 * one at a time.
 */
#ifndef LARDER_STORE_UPLOAD_H
#define LARDER_STORE_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "store/store.h"

#define UPLOAD_MAX_BYTES (256ull << 30) /* of one blob */
#define UPLOAD_ID_BYTES 36		/* a random UUID (RFC 9562 version 4) as text */
#define UPLOAD_MAX_KNOWN 256 /* sessions at rest whose hash and descriptor are kept */

struct uploads;
struct upload; /* a session in use */

struct uploads *uploads_new(struct store *s); /* borrowed; outlives them */
void uploads_free(struct uploads *us);	      /* none is in use */
/* Remove the sessions at rest to which nothing has come for so long (wall clock); how
 * many those were. Looks at every session's file: not for a thread that serves. */
unsigned uploads_expire(struct uploads *us, int64_t age_ms);

/* A new session. alg: what to hash with as bytes come. */
int upload_begin(struct uploads *us, const struct reponame *name, enum hash_alg alg,
		 struct upload **out, struct err *e);
/* ERR_NOT_FOUND: the repository has no such session (an id of any form may be asked);
 * ERR_BUSY: in use, also by another process. */
int upload_open(struct uploads *us, const struct reponame *name, struct view id,
		struct upload **out, struct err *e);
/* Give it back, whatever has become of it. The session stays, if it is neither committed
 * nor cancelled. NULL is fine. */
void upload_close(struct upload *u);

const char *upload_id(const struct upload *u);
uint64_t upload_bytes(const struct upload *u);
/* How many bytes a session has, in use or not. */
int upload_look(struct uploads *us, const struct reponame *name, struct view id,
		uint64_t *bytes, struct err *e);

/* Append. ERR_IO as the disk says: what had come before stays. ERR_NO_SPACE, by the disk
 * or its limit, and ERR_LIMIT over UPLOAD_MAX_BYTES: the session is cancelled, so that
 * its room is free at once. */
int upload_add(struct upload *u, const void *p, size_t n, struct err *e);
/* Take back what has come since there were so many bytes. */
void upload_cut(struct upload *u, uint64_t bytes);
/* All bytes are there. With digest d they become a blob and visible in the repository;
 * both are on disk on return, and the session is gone. ERR_CORRUPT: they have another
 * digest; nothing changes. ERR_NO_SPACE: as above. Blocks for as long as the disk takes.
 */
int upload_commit(struct upload *u, const struct digest *d, struct err *e);
void upload_cancel(struct upload *u); /* its file is gone */

#endif
