/*
 * err.h - what went wrong, as a value.
 *
 * A `struct err` belongs to the caller, holds no memory of its own and needs no release.
 * Functions that can fail take one last and return -1; on success they leave it alone.
 * The kind is the decision a caller can take; the message is for people: what happened,
 * to what, and what to do; one line without control characters, whatever a peer's text in
 * it was.  Only server/ turns kinds into HTTP statuses.
 */
#ifndef LARDER_BASE_ERR_H
#define LARDER_BASE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_INVALID,   /* the input is wrong; saying it again will not help */
	ERR_NOT_FOUND, /* it does not exist, and that is certain */
	ERR_DENIED,    /* credentials are missing, wrong or not enough */
	ERR_UPSTREAM, /* the other side is down, slow or talks nonsense; later may help */
	ERR_CORRUPT,  /* bytes do not match their digest */
	ERR_LIMIT,    /* larger or more than a limit of ours */
	ERR_BUSY,     /* try later: the other side said 429, or a queue of ours is full */
	ERR_IO,	      /* our own disk or system refused */
	ERR_NO_SPACE, /* the disk is full */
	ERR_CANCELLED, /* stopped on purpose (shutdown) */
};

struct err {
	enum err_kind kind;
	int errnum;	   /* errno where one is known, else 0 */
	int retry_after_s; /* with ERR_BUSY: when the other side says to return; 0: it did
			      not. With a lasting ERR_UPSTREAM: when to try again */
	bool lasting; /* with ERR_DENIED: asking again cannot help before something is
			 changed. With ERR_UPSTREAM: it was not even asked, being known
			 to be in trouble; at once it will be no better */
	char msg[480];
};

/* Fill *e (may be NULL); always returns -1, so `return err_set(e, ...)` reads well. */
__attribute__((format(printf, 3, 4))) int err_set(struct err *e, enum err_kind kind,
						  const char *fmt, ...);

/* The same from errno: the kind follows it (ENOENT not found, ENOSPC and EDQUOT no space,
 * EACCES and EPERM denied, else I/O), and strerror is appended to the message. */
__attribute__((format(printf, 2, 3))) int err_errno(struct err *e, const char *fmt, ...);

/* Put context in front of the message: "context: message". Always returns -1. */
__attribute__((format(printf, 2, 3))) int err_add(struct err *e, const char *fmt, ...);

/* A word for the kind, for logs and metrics: "invalid", "not_found", ... Static. */
const char *err_word(enum err_kind kind);

#endif
