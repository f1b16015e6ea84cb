/*
 * mirrors.h - the lists of registry mirrors that an engine has, and whether a larder is
 * among them.
 */
#ifndef LARDER_DOCTOR_MIRRORS_H
#define LARDER_DOCTOR_MIRRORS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "upstream/upstream.h"

#define MIRRORS_MAX_BYTES 65536

/* The same place, as far as the addresses say: scheme, port, and host, all of loopback
 * being one. Pure. */
bool mirrors_same(const char *a, const char *b);
/* Is url among the words (each with a NUL after it)? Pure. */
bool mirrors_have(struct view words, const char *url);
/* Do both lists name the same places in the same order? Pure. */
bool mirrors_equal(struct view a, struct view b);
/* "http://a, http://b" of the words. Pure. */
void mirrors_show(struct view words, char out[200]);

/* `registry-mirrors` of a daemon.json, appended as such words. ERR_NOT_FOUND: there is no
 * such file; ERR_INVALID: it is not JSON, and Docker would not start with it. */
int mirrors_read(const char *path, struct buf *out, struct err *e);

/* Which larder answers at url, "" if it is none. -1: nothing answers, *e says why. Asks
 * for some seconds. */
int mirrors_instance(const char *url, const char *ca, char out[64], struct err *e);

#endif
