/*
 * htpasswd.h - a file of users and bcrypt hashes, as `htpasswd -B` writes it and
 * registry:2 reads it (libcrypt, sole user).
 *
 * A struct htpasswd never changes after it has been read; it is counted. Any thread.
 */
#ifndef LARDER_SERVER_HTPASSWD_H
#define LARDER_SERVER_HTPASSWD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define HTPASSWD_MAX_BYTES (4u << 20)
#define HTPASSWD_USER_MAX 255 /* bytes of a user's name */

struct htpasswd;

/* Lines of user:hash; empty ones and those that begin with # are passed over. ERR_INVALID
 * names file, line and user: no colon, a name that is too long or there already, or
 * another hash than bcrypt ($2a$, $2b$, $2y$). Never says a hash. */
int htpasswd_read(const char *path, struct htpasswd **out, struct err *e);
/* A new file with one user, docker, and a password made up here, which is put into
 * password (of at least 33 bytes). ERR_BUSY: the file is there after all. */
int htpasswd_create(const char *path, char *password, struct err *e);
struct htpasswd *htpasswd_ref(struct htpasswd *h);
void htpasswd_unref(struct htpasswd *h); /* NULL is fine */

/* Slow on purpose, and as slow for a user that does not exist. */
bool htpasswd_verify(const struct htpasswd *h, const char *user, const char *password);

#endif
