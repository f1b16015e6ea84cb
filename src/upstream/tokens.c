/*
 * tokens.c - two bounded maps under the gate's lock.
 *
 * An entry is EMPTY, FETCHING or READY (token != NULL). It is only freed when nobody
 * fetches into it or waits on it; users = those. A failed fetch is told to the threads
 * that were waiting for it (round, failure), so that they do not all try in turn.
 */
#include "upstream/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "upstream/gate.h"

#define DENIALS_MAX 256
#define WAIT_MOST_MS                                                                     \
	60000 /* for another thread's fetch, which has shorter limits itself */

struct entry {
	char *token; /* NULL: none yet, or the last fetch failed */
	int64_t expires_ms;
	bool fetching;
	unsigned users;
	unsigned round;	     /* fetches that have ended */
	struct err *failure; /* of the last one, while somebody may want to know */
};

struct denial {
	int64_t until_ms;
	struct err why;
};

/* Both guarded by the gate; NULL until needed. */
static struct map *entries;
static struct map *denials;

static void entry_free(void *value)
{
	struct entry *t = value;

	if (t->token != NULL)
		explicit_bzero(t->token, strlen(t->token));
	free(t->token);
	free(t->failure);
	free(t);
}

/* arg: the time before which a token counts as expired. */
static bool entry_drop(void *value, void *arg)
{
	const struct entry *t = value;

	if (t->users > 0 || (t->token != NULL && t->expires_ms > *(int64_t *)arg))
		return false;
	entry_free(value);
	return true;
}

static bool denial_drop(void *value, void *arg)
{
	if (((struct denial *)value)->until_ms > *(int64_t *)arg)
		return false;
	free(value);
	return true;
}

/* With the lock held. NULL: the table is full of entries in use. */
static struct entry *entry_of(const char *key)
{
	int64_t now = clock_mono_ms(), all = INT64_MAX;
	struct entry *t;

	if (entries == NULL)
		entries = map_new(TOKENS_MAX);
	t = map_get(entries, key);
	if (t != NULL)
		return t;
	if (map_count(entries) >= TOKENS_MAX)
		map_sweep(entries, entry_drop, &now);
	if (map_count(entries) >= TOKENS_MAX)
		map_sweep(entries, entry_drop, &all);
	t = mem_alloc(sizeof(*t));
	if (map_put(entries, key, t) != 0) {
		free(t);
		return NULL;
	}
	return t;
}

static char *denial_key(const char *where, const char *cred_id, const char *scope)
{
	return mem_fmt("%s\n%s\n%s", where, cred_id, scope);
}

void tokens_deny(const char *where, const char *cred_id, const char *scope,
		 const struct err *why)
{
	CLEANUP(mem_freep)
	char *key = denial_key(where, cred_id, scope);
	struct denial *d = mem_alloc(sizeof(*d));
	int64_t now = clock_mono_ms();

	d->until_ms = now + TOKENS_DENIAL_MS;
	d->why = *why;
	gate_lock();
	if (denials == NULL)
		denials = map_new(DENIALS_MAX);
	if (map_count(denials) >= DENIALS_MAX)
		map_sweep(denials, denial_drop, &now);
	free(map_del(denials, key));
	if (map_put(denials, key, d) != 0)
		free(d);
	gate_unlock();
}

bool tokens_denied(const char *where, const char *cred_id, const char *scope,
		   struct err *e)
{
	CLEANUP(mem_freep)
	char *key = denial_key(where, cred_id, scope);
	const struct denial *d;
	bool denied;

	gate_lock();
	d = denials != NULL ? map_get(denials, key) : NULL;
	denied = d != NULL && d->until_ms > clock_mono_ms();
	if (denied && e != NULL)
		*e = d->why;
	gate_unlock();
	return denied;
}

static enum login_end end_of(int rc, enum token_refusal refused)
{
	if (rc == 0 || refused == TOKEN_REFUSAL_SCOPE)
		return LOGIN_END_ACCEPTED;
	return refused == TOKEN_REFUSAL_CREDENTIALS ? LOGIN_END_REFUSED
	       : refused == TOKEN_REFUSAL_LOCKED    ? LOGIN_END_LOCKED
						    : LOGIN_END_UNSURE;
}

/* With a credential: not while it is known to be bad, and not again soon for what it may
 * not have. */
static int fetch(const struct token_ask *ask, struct buf *out, int64_t *lifetime_ms,
		 struct err *e)
{
	enum token_refusal refused = TOKEN_REFUSAL_OTHER;
	const char *id = ask->cred->id;
	bool trial = false;
	int rc;

	if (*id == '\0')
		return token_fetch(ask, out, lifetime_ms, &refused, e);
	if (tokens_denied(ask->realm, id, ask->scope, e) ||
	    logins_begin(ask->account, ask->cred, ask->deadline_ms, &trial, e) != 0)
		return -1;
	rc = token_fetch(ask, out, lifetime_ms, &refused, e);
	logins_end(ask->account, ask->cred, trial, end_of(rc, refused), e);
	if (refused == TOKEN_REFUSAL_SCOPE)
		tokens_deny(ask->realm, id, ask->scope, e);
	return rc;
}

/* With the lock held, which is given up while fetching. */
static int fetch_into(struct entry *t, const struct token_ask *ask, struct buf *out,
		      struct err *e)
{
	int64_t lifetime_ms = 0;
	int rc;

	t->fetching = true;
	gate_unlock();
	rc = fetch(ask, out, &lifetime_ms, e);
	gate_lock();
	if (t->token != NULL)
		explicit_bzero(t->token, strlen(t->token));
	free(TAKE(t->token));
	free(TAKE(t->failure));
	if (rc == 0) {
		t->token = mem_dup(buf_str(out));
		t->expires_ms = clock_mono_ms() + lifetime_ms;
	} else {
		t->failure = mem_alloc(sizeof(*t->failure));
		*t->failure = *e;
	}
	t->fetching = false;
	t->round++;
	gate_ring();
	return rc;
}

static bool usable(const struct entry *t, const char *refused)
{
	return t->token != NULL && clock_mono_ms() < t->expires_ms &&
	       (refused == NULL || strcmp(t->token, refused) != 0);
}

static int waited_too_long(struct err *e)
{
	if (gate_stopped())
		return gate_stopped_err(e);
	return err_set(e, ERR_UPSTREAM, "no token in the time there was");
}

/* With the lock held, and t->users counted. */
static int get(struct entry *t, const struct token_ask *ask, const char *refused,
	       struct buf *out, struct err *e)
{
	int64_t until = clock_mono_ms() + WAIT_MOST_MS;
	unsigned round;

	if (ask->deadline_ms > 0 && ask->deadline_ms < until)
		until = ask->deadline_ms;
	while (!usable(t, refused)) {
		if (!t->fetching)
			return fetch_into(t, ask, out, e);
		round = t->round;
		while (t->fetching && t->round == round)
			if (!gate_wait(until))
				return waited_too_long(e);
		if (t->failure != NULL && e != NULL && t->round != round)
			*e = *t->failure;
		if (t->failure != NULL && t->round != round)
			return -1;
	}
	buf_clear(out);
	return buf_adds(out, t->token);
}

static int get_by_key(const char *key, const struct token_ask *ask, const char *refused,
		      struct buf *out, struct err *e)
{
	struct entry *t;
	int rc;

	gate_lock();
	t = entry_of(key);
	if (t == NULL) {
		gate_unlock();
		return err_set(e, ERR_BUSY, "too many tokens are being fetched");
	}
	t->users++;
	rc = get(t, ask, refused, out, e);
	t->users--;
	if (t->users == 0)
		free(TAKE(t->failure));
	gate_unlock();
	return rc;
}

int tokens_get(const struct token_ask *ask, const char *refused, struct buf *out,
	       struct err *e)
{
	CLEANUP(mem_freep)
	char *key = mem_fmt("%s\n%s\n%s\n%s", ask->realm, ask->service, ask->scope,
			    ask->cred->id);
	struct err mine;

	return get_by_key(key, ask, refused, out, e != NULL ? e : &mine);
}

void tokens_clear(void)
{
	gate_lock();
	map_free(TAKE(entries), entry_free);
	map_free(TAKE(denials), free);
	gate_unlock();
}
