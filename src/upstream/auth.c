/*
 * auth.c - from a challenge to an Authorization line.
 */
#include "upstream/auth.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/chase.h"
#include "upstream/gate.h"
#include "upstream/realm.h"
#include "upstream/refusal.h"
#include "upstream/tokens.h"

#define LINE_MAX_BYTES 65536
#define SCOPE_MAX_BYTES 2048
#define LINES_MAX 2 /* that are sent and refused */
#define BEARER "Authorization: Bearer "

static void wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->n);
	buf_done(b);
}

void auth_done(struct auth *a)
{
	wipe(&a->line);
}

/* The line that was refused, as a token; NULL if it was none. */
static const char *token_of(const struct auth *a)
{
	return view_starts(buf_view(&a->line), BEARER) ? a->line.p + strlen(BEARER)
						       : NULL;
}

static int set_bearer(struct auth *a, const struct token_ask *ask, struct err *e)
{
	CLEANUP(wipe)
	struct buf token = BUF_INIT(TOKEN_MAX_BYTES);

	if (tokens_get(ask, token_of(a), &token, e) != 0)
		return -1;
	wipe(&a->line);
	buf_adds(&a->line, BEARER);
	buf_adds(&a->line, buf_str(&token));
	a->basic = false;
	return 0;
}

/* The credential stays here if the realm is none of its business; without one, public
 * repositories work all the same. */
static int bearer(struct auth *a, const struct challenge *c, const struct cred *cred,
		  struct err *e)
{
	static const struct cred none;
	CLEANUP(buf_done)
	struct buf scope = BUF_INIT(SCOPE_MAX_BYTES);
	struct token_ask ask = { .u = a->u,
				 .account = a->account,
				 .realm = c->realm,
				 .service = c->service,
				 .cred = cred,
				 .deadline_ms = a->deadline_ms };
	struct url realm;
	bool trusted;

	if (url_parse(c->realm, &realm, NULL) != 0)
		return err_set(e, ERR_UPSTREAM,
			       "the token realm is not an http or https URL");
	if (a->u->at.https && !realm.https)
		return err_set(e, ERR_UPSTREAM, "the token realm on %.100s is plain http",
			       realm.host);
	trusted = realm_trusted(&a->u->at, &realm, a->u->realm_host);
	if (!trusted)
		ask.cred = &none;
	realm_scope(c->scope, &a->want, &scope);
	ask.scope = buf_str(&scope);
	if (set_bearer(a, &ask, e) == 0)
		return 0;
	if (!trusted && !cred_is_none(cred) && e != NULL && e->kind == ERR_DENIED)
		err_add(e,
			"the credentials were not sent to %.100s, which is another "
			"domain (allow it with `realm_host`)",
			realm.host);
	return -1;
}

/* Whatever may be wrong with the body of a good answer: its status is all. */
static int no_more(void *arg, struct transport_answer *answer, struct err *e)
{
	(void)arg;
	(void)answer;
	(void)e;
	return 1;
}

/* GET /v2/ with the password, which is what a registry has for asking whether it is
 * right. All but 401 is not about that, or not to be known here. */
static int ping(struct auth *a, const struct cred *cred, enum login_end *end,
		struct err *e)
{
	CLEANUP(chase_done)
	struct chase c = { .u = a->u, .kind = "ping", .method = "GET", .registry = true };
	CLEANUP(mem_freep)
	char *url = mem_fmt("%s/v2/", a->u->url);

	buf_init(&c.proof, LINE_MAX_BYTES);
	token_basic_line(cred, &c.proof);
	c.authorization = buf_str(&c.proof);
	c.url = url;
	c.deadline_ms = a->deadline_ms;
	c.head = no_more;
	*end = LOGIN_END_UNSURE;
	if (chase_run(&c, e) != 0)
		return -1;
	if (c.answer.status == 429 || c.answer.status >= 500) {
		if (strcasestr(buf_str(&c.refusal), "failed login") != NULL)
			*end = LOGIN_END_LOCKED;
		return refusal_plain(&c, e);
	}
	*end = c.answer.status == 401 && !c.way.foreign ? LOGIN_END_REFUSED
							: LOGIN_END_ACCEPTED;
	return *end == LOGIN_END_REFUSED ? -1 : 0;
}

static int try_password(struct auth *a, const struct cred *cred, struct err *e)
{
	enum login_end end = LOGIN_END_ACCEPTED;
	bool trial = false;
	int rc = 0;

	if (logins_begin(a->account, cred, a->deadline_ms, &trial, e) != 0)
		return -1;
	if (trial)
		rc = ping(a, cred, &end, e);
	logins_end(a->account, cred, trial, end, e);
	return rc;
}

static int basic(struct auth *a, const struct cred *cred, struct err *e)
{
	CLEANUP(buf_done)
	struct buf scope = BUF_INIT(SCOPE_MAX_BYTES);

	if (cred->username == NULL)
		return err_set(e, ERR_DENIED,
			       cred->identity == NULL
				       ? "it wants a user name and password; none are set"
				       : "it wants a user name and password; an identity "
					 "token is all there is");
	realm_scope("", &a->want, &scope);
	if (tokens_denied(a->u->url, cred->id, buf_str(&scope), e) ||
	    try_password(a, cred, e) != 0)
		return -1;
	token_basic_line(cred, &a->line);
	a->basic = true;
	return 0;
}

static int answer_challenge(struct auth *a, const struct challenge *c, struct err *e)
{
	CLEANUP(cred_done)
	struct cred cred = { 0 };

	if (cred_get(a->account->creds, a->deadline_ms, &cred, e) != 0)
		return -1;
	ledger_use(a->account, &cred);
	return c->bearer ? bearer(a, c, &cred, e) : basic(a, &cred, e);
}

static void remember(struct upstream *u, const struct challenge *c)
{
	gate_lock();
	u->challenged = c != NULL;
	if (c != NULL)
		u->challenge = *c;
	gate_unlock();
}

int auth_begin(struct auth *a, struct upstream *u, struct account *account,
	       const struct realm_want *want, int64_t deadline_ms, struct err *e)
{
	struct challenge c;
	struct err mine;
	bool known;

	*a = (struct auth){ .u = u,
			    .account = account,
			    .want = *want,
			    .deadline_ms = deadline_ms,
			    .line = BUF_INIT(LINE_MAX_BYTES) };
	gate_lock();
	known = u->challenged;
	c = u->challenge;
	gate_unlock();
	e = e != NULL ? e : &mine;
	if (!known || answer_challenge(a, &c, e) == 0)
		return 0;
	/* The registry may have moved its token service: hear from it anew the next time.
	 */
	if (e->kind != ERR_BUSY && e->kind != ERR_CANCELLED && !e->lasting)
		remember(u, NULL);
	return -1;
}

/* The password was right when it was last tried: this is about the repository, or it has
 * been changed meanwhile. */
static void doubt_password(struct auth *a)
{
	CLEANUP(buf_done)
	struct buf scope = BUF_INIT(SCOPE_MAX_BYTES);
	CLEANUP(cred_done)
	struct cred cred = { 0 };
	struct err why;

	if (cred_get(a->account->creds, a->deadline_ms, &cred, NULL) != 0)
		return;
	err_set(&why, ERR_DENIED,
		"the user name and password are not accepted for %.255s (status 401)",
		a->want.name);
	realm_scope("", &a->want, &scope);
	tokens_deny(a->u->url, cred.id, buf_str(&scope), &why);
	logins_doubt(a->account, &cred);
}

int auth_refused(struct auth *a, const struct transport_answer *answer, struct err *e)
{
	struct challenge c = { 0 };
	struct view line;
	unsigned i;

	for (i = 0; i < 8; i++) {
		line = transport_header(answer, "WWW-Authenticate", i);
		if (line.n == 0)
			break;
		challenge_parse(line, &c);
	}
	if (a->line.n > 0) {
		a->refused++;
		if (a->basic && answer->status == 401)
			doubt_password(a);
	}
	if (!c.bearer && !c.basic)
		return 0;
	remember(a->u, &c);
	if (a->refused >= LINES_MAX || (a->basic && !c.bearer))
		return 0;
	return answer_challenge(a, &c, e) == 0 ? 1 : -1;
}
