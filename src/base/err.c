/*
 * err.c - building and extending error values.  Owns nothing; any thread.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return -1;
	e->kind = kind;
	e->errnum = 0;
	e->retry_after_s = 0;
	e->lasting = false;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	human_clean(e->msg); /* what peers have said goes to terminals */
	return -1;
}

static enum err_kind kind_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return ERR_NO_SPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int errnum = errno;
	char what[300], why[100];
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(e, kind_of_errno(errnum), "%s: %s", what,
		strerror_r(errnum, why, sizeof(why)));
	e->errnum = errnum;
	errno = errnum;
	return -1;
}

int err_add(struct err *e, const char *fmt, ...)
{
	char context[200], old[sizeof(e->msg)];
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(old, e->msg, sizeof(old));
	snprintf(e->msg, sizeof(e->msg), "%s: %.*s", context,
		 (int)(sizeof(e->msg) - strlen(context) - 3), old);
	human_clean(e->msg);
	return -1;
}

const char *err_word(enum err_kind kind)
{
	static const char *const words[] = {
		[ERR_NONE] = "none",
		[ERR_INVALID] = "invalid",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_DENIED] = "denied",
		[ERR_UPSTREAM] = "upstream",
		[ERR_CORRUPT] = "corrupt",
		[ERR_LIMIT] = "limit",
		[ERR_BUSY] = "busy",
		[ERR_IO] = "io",
		[ERR_NO_SPACE] = "no_space",
		[ERR_CANCELLED] = "cancelled",
	};

	return words[kind];
}
