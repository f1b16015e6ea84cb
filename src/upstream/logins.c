/*
 * logins.c - the state of one credential in struct account, under the gate's lock.
 */
#include "upstream/logins.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "upstream/gate.h"
#include "upstream/account.h"

#define WAIT_MOST_MS 60000
#define SHOWN_MAX 64

/* As much of a user name as a message takes. */
static void show_user(const struct cred *c, char out[SHOWN_MAX])
{
	const char *s = c->username != NULL ? c->username : "";
	size_t i;

	for (i = 0; s[i] != '\0' && i < SHOWN_MAX - 1; i++)
		out[i] = (char)(s[i] > ' ' && s[i] <= '~' ? s[i] : '.');
	out[i] = '\0';
}

static void say_refused(const struct account *a, const struct cred *c, struct err *why)
{
	bool hub = strcmp(a->host, "docker.io") == 0;
	char user[SHOWN_MAX];

	show_user(c, user);
	err_set(why, ERR_DENIED,
		"%.150s refused the login%s%s: check the password or token "
		"(larder.upstreams.%.100s.credentials, %sdocker login); it is not sent "
		"again until it changes",
		a->host, user[0] != '\0' ? " of user " : " with an identity token", user,
		a->host, hub ? "DOCKER_USERNAME/DOCKER_PASSWORD, " : "");
	why->lasting = true;
}

static void say_locked(const struct account *a, const struct cred *c, int after_s,
		       struct err *why)
{
	char user[SHOWN_MAX];

	show_user(c, user);
	err_set(why, ERR_BUSY,
		"%.150s has locked the login%s%s after too many wrong passwords: check "
		"the password or token, and wait %d minutes",
		a->host, user[0] != '\0' ? " of user " : "", user, (after_s + 59) / 60);
	why->retry_after_s = after_s;
}

/* With the lock held. */
static void adopt(struct logins *l, const struct cred *c)
{
	if (strcmp(l->cred_id, c->id) == 0)
		return;
	*l = (struct logins){ .round = l->round + 1 };
	snprintf(l->cred_id, sizeof(l->cred_id), "%s", c->id);
	gate_ring();
}

/* With the lock held: a state whose time is over is NEW again. */
static enum login_state state_of(struct logins *l)
{
	if (l->state != LOGIN_NEW && clock_mono_ms() >= l->until_ms)
		l->state = LOGIN_NEW;
	return l->state;
}

static int tell(const struct logins *l, struct err *e)
{
	int64_t left_ms = l->until_ms - clock_mono_ms();

	if (e == NULL)
		return -1;
	*e = l->failure;
	if (l->state == LOGIN_LOCKED)
		e->retry_after_s = (int)((left_ms + 999) / 1000);
	return -1;
}

/* With the lock held: another thread's trial is waited for. 0: look again. */
static int await(struct logins *l, const struct cred *c, int64_t until, struct err *e)
{
	unsigned round = l->round;

	while (l->trying && l->round == round)
		if (!gate_wait(until))
			return gate_stopped() ? gate_stopped_err(e)
					      : err_set(e, ERR_UPSTREAM,
							"no login in the time there was");
	if (strcmp(l->cred_id, c->id) != 0)
		return err_set(e, ERR_UPSTREAM, "the credentials have changed meanwhile");
	if (state_of(l) == LOGIN_NEW && l->failure.kind != ERR_NONE)
		return tell(l, e);
	return 0;
}

int logins_begin(struct account *a, const struct cred *c, int64_t deadline_ms,
		 bool *trial, struct err *e)
{
	int64_t until = clock_mono_ms() + WAIT_MOST_MS;
	struct logins *l = &a->logins;
	int rc = 0;

	if (deadline_ms > 0 && deadline_ms < until)
		until = deadline_ms;
	gate_lock();
	adopt(l, c);
	while (rc == 0 && state_of(l) == LOGIN_NEW && l->trying)
		rc = await(l, c, until, e);
	if (rc == 0 && (l->state == LOGIN_REFUSED || l->state == LOGIN_LOCKED))
		rc = tell(l, e);
	if (rc == 0) {
		*trial = l->state == LOGIN_NEW;
		l->trying = *trial;
	}
	gate_unlock();
	return rc;
}

static void set_state(struct logins *l, enum login_state state, int64_t ms,
		      const struct err *why)
{
	l->state = state;
	l->until_ms = ms == INT64_MAX ? INT64_MAX : clock_mono_ms() + ms;
	l->failure = *why;
}

static int lock_seconds(const struct err *e)
{
	if (e->retry_after_s <= 0)
		return LOGINS_LOCKED_S;
	return e->retry_after_s < LOGINS_LOCKED_MOST_S ? e->retry_after_s
						       : LOGINS_LOCKED_MOST_S;
}

/* With the lock held. */
static void conclude(struct logins *l, enum login_end end, const struct err *e)
{
	static const struct err none;

	switch (end) {
	case LOGIN_END_ACCEPTED:
		if (l->state == LOGIN_REFUSED || l->state == LOGIN_LOCKED)
			break; /* a request that began before that */
		l->was_good = true;
		set_state(l, LOGIN_GOOD, LOGINS_GOOD_MS, &none);
		break;
	case LOGIN_END_REFUSED:
		set_state(l, LOGIN_REFUSED, l->was_good ? LOGINS_AGAIN_MS : INT64_MAX, e);
		break;
	case LOGIN_END_LOCKED:
		set_state(l, LOGIN_LOCKED, (int64_t)e->retry_after_s * 1000, e);
		break;
	case LOGIN_END_UNSURE:
		if (l->state == LOGIN_NEW)
			l->failure = *e;
		break;
	}
}

void logins_end(struct account *a, const struct cred *c, bool trial, enum login_end end,
		struct err *e)
{
	struct logins *l = &a->logins;
	struct err mine = { 0 };

	e = e != NULL ? e : &mine;
	if (end == LOGIN_END_REFUSED)
		say_refused(a, c, e);
	else if (end == LOGIN_END_LOCKED)
		say_locked(a, c, lock_seconds(e), e);
	gate_lock();
	if (strcmp(l->cred_id, c->id) == 0) {
		conclude(l, end, e);
		if (trial) {
			l->trying = false;
			l->round++;
		}
		gate_ring();
	}
	gate_unlock();
}

void logins_doubt(struct account *a, const struct cred *c)
{
	gate_lock();
	if (strcmp(a->logins.cred_id, c->id) == 0 && a->logins.state == LOGIN_GOOD)
		a->logins.state = LOGIN_NEW;
	gate_unlock();
}

bool logins_refuse(struct account *a, struct err *e)
{
	enum login_state state;

	gate_lock();
	state = state_of(&a->logins);
	if (state == LOGIN_REFUSED || state == LOGIN_LOCKED)
		tell(&a->logins, e);
	gate_unlock();
	return state == LOGIN_REFUSED || state == LOGIN_LOCKED;
}
