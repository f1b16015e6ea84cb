/*
 * login.h - is this the user's password? Slow for who guesses, not for who knows.
 *
 * A good password is remembered for some minutes, as a keyed hash, so that a pull costs
 * one bcrypt and not fifty. All others are compared on two threads of their own, the same
 * pair of user and password once however many ask. Who has been wrong from an address is
 * answered without comparing until some time has passed, twice as long with each error;
 * logins that are remembered are never in the way of that. All tables are bounded.
 *
 * Any thread.
 */
#ifndef LARDER_SERVER_LOGIN_H
#define LARDER_SERVER_LOGIN_H

#include "mirror/task.h"
#include "server/htpasswd.h"

#define LOGIN_REMEMBERED_MS (5 * 60 * 1000)
#define LOGIN_FREE_TRIES 5	/* wrong ones of a user from an address */
#define LOGIN_FREE_TRIES_ALL 30 /* wrong ones from an address, whoever the user */
#define LOGIN_MAX_WAIT_MS (60 * 1000)
#define LOGIN_MAX_QUEUED 64
#define LOGIN_MAX_KNOWN 4096 /* of each table */

struct logins;

enum login_state {
	LOGIN_GOOD,
	LOGIN_BAD,
	LOGIN_WAIT, /* *wait: a task, a reference; ask again when its bell has rung */
	LOGIN_LATER /* too many wrong ones, or too much to do: *retry_s */
};

struct logins *logins_new(void);
void logins_stop(struct logins *ls); /* NULL is fine */
/* All that is remembered is forgotten: the users may have changed. */
void logins_forget(struct logins *ls);

/* from: the client's address as text (of IPv6 the first 64 bits). first: false when asked
 * again after waiting. */
enum login_state logins_check(struct logins *ls, struct htpasswd *users, const char *user,
			      const char *password, const char *from, bool first,
			      struct task **wait, int *retry_s);

#endif
