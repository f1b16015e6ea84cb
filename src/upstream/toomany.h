/*
 * toomany.h - which of the three things a 429 says.
 *
 * QUOTA: the pulls of the window are used up. It comes to a GET of a manifest only: with
 * headers that say so, or, from docker.io and registries that have spoken of a quota
 * before, as a registry's JSON with the code TOOMANYREQUESTS, unless it has said within
 * the last minute that more than half of a hundred pulls or more are left. Checks (HEAD)
 * and blobs go on. LOGIN: the account is locked after wrong passwords; the one kind that
 * is told by its text. ABUSE: too many requests of any kind, or whatever else a server in
 * between means; nothing should be asked for a while (breaker.h).
 */
#ifndef LARDER_UPSTREAM_TOOMANY_H
#define LARDER_UPSTREAM_TOOMANY_H

#include "upstream/chase.h"

enum toomany { TOOMANY_QUOTA, TOOMANY_ABUSE, TOOMANY_LOGIN };

/* Of a finished request, or hop, with status 429. No side effects. */
enum toomany toomany_of(const struct chase *c);
/* Does a refusal of a request with a credential speak of failed logins? Of any status. */
bool toomany_is_lock(const struct chase *c);
/* Its Retry-After in seconds; -1: none that is usable. */
int toomany_after_s(const struct chase *c);
/* "quota", "abuse", "login". Static. */
const char *toomany_word(enum toomany kind);

#endif
