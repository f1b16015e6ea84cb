/*
 * cred.h - whose credentials go to a registry: those of the settings, else those that a
 * Docker config.json has or names a helper for.
 *
 * config.json as the Docker CLI has it: `credHelpers` (by host), `credsStore`, `auths`
 * with `auth` (base64 of user:password), `username` and `password`, or `identitytoken`.
 * Docker Hub is "https://index.docker.io/v1/" there. A file that is not there has no
 * credentials. It is read again when it has changed; what a helper says is kept for five
 * minutes.
 */
#ifndef LARDER_UPSTREAM_CRED_H
#define LARDER_UPSTREAM_CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Owns its strings, which are wiped when freed. All NULL: none. */
struct cred {
	char *username, *password;
	char *identity; /* OAuth2 refresh token, instead of a password */
	char id[65];	/* tells credentials apart without saying them; "" for none */
};

void cred_done(struct cred *c);
bool cred_is_none(const struct cred *c);

/* Whose it is: the user's name as it may be shown (visible ASCII, cut), "(identity
 * token)", or "" for nobody; and 64 hexadecimal digits that tell users apart and do not
 * come of a password, or "". */
void cred_account(const struct cred *c, char user[64], char id[65]);

struct cred_source;

/* host as in image names. username (with password) wins over docker_config; all may be
 * NULL. */
struct cred_source *cred_source_new(const char *host, const char *username,
				    const char *password, const char *docker_config);
void cred_source_free(struct cred_source *s);
/* It is one of the settings, or none, and never changes: cred_get does not block. */
bool cred_is_fixed(const struct cred_source *s);
/* The credential now, into out (initialised here). May run a helper, for 10 s at most;
 * one thread does, others wait for it until deadline_ms (monotonic, 0: the helper's
 * limit). Any thread. Errors: DENIED for a file or helper that does not work, CANCELLED.
 */
int cred_get(struct cred_source *s, int64_t deadline_ms, struct cred *out, struct err *e);

#endif
