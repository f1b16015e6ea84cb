/*
 * auth.c - users, rules, and the answers to those who are neither.
 *
 * a->mu guards `users` and when its file was looked at; all else never changes.
 */
#include "server/auth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "server/login.h"
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/tls.h"
#include "server/token.h"

#define LOOK_MS 2000 /* how often the users' file is looked at */
#define CREDENTIAL_MAX_BYTES 4096

struct auth {
	char *path; /* NULL: no users */
	char *realm;
	struct rule *rules;
	size_t nrules;
	bool bearer;
	unsigned char key[HASH_MAC_BYTES]; /* of tokens */
	struct logins *logins;

	pthread_mutex_t mu;
	struct htpasswd *users;
	struct stat seen;
	int64_t looked_ms;
};

/* --- users --- */

static int make_file(const char *path, struct err *e)
{
	char password[33];
	struct stat st;

	if (stat(path, &st) == 0)
		return 0;
	if (htpasswd_create(path, password, e) != 0)
		return e->kind == ERR_BUSY ? 0 : -1;
	log_event(LOG_WARN, "auth.user_made", LS("path", path), LS("user", "docker"),
		  LS("password", password),
		  LS("what", "there was no such file; this is said once"));
	return 0;
}

int auth_new(const struct auth_conf *conf, struct auth **out, struct err *e)
{
	struct htpasswd *users = NULL;
	struct stat st = { 0 };
	struct auth *a;
	size_t i;

	if (conf->htpasswd != NULL && (make_file(conf->htpasswd, e) != 0 ||
				       htpasswd_read(conf->htpasswd, &users, e) != 0))
		return err_add(e, "auth.htpasswd.path");
	a = mem_alloc(sizeof(*a));
	a->path = mem_dup(conf->htpasswd);
	a->realm = mem_dup(conf->realm != NULL ? conf->realm : "larder");
	a->users = users;
	if (a->path != NULL && stat(a->path, &st) == 0)
		a->seen = st;
	a->rules = mem_alloc((conf->nrules + 1) * sizeof(*a->rules));
	for (i = 0; i < conf->nrules; i++)
		a->rules[i] = (struct rule){ mem_dup(conf->rules[i].who),
					     mem_dup(conf->rules[i].pattern),
					     conf->rules[i].rights };
	a->nrules = conf->nrules;
	for (i = 0; i < a->nrules; i++)
		a->bearer |= a->path != NULL && strcmp(a->rules[i].who, "anonymous") == 0;
	hash_random(a->key, sizeof(a->key));
	a->logins = logins_new();
	pthread_mutex_init(&a->mu, NULL);
	*out = a;
	return 0;
}

void auth_free(struct auth *a)
{
	size_t i;

	if (a == NULL)
		return;
	logins_stop(a->logins);
	htpasswd_unref(a->users);
	for (i = 0; i < a->nrules; i++)
		rule_done(&a->rules[i]);
	free(a->rules);
	free(a->path);
	free(a->realm);
	pthread_mutex_destroy(&a->mu);
	explicit_bzero(a->key, sizeof(a->key));
	free(a);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The users as the file has them now; a file that cannot be read changes nothing. */
static struct htpasswd *present_users(struct auth *a)
{
	struct htpasswd *fresh = NULL, *got;
	bool changed = false;
	struct stat st;
	struct err e;

	pthread_mutex_lock(&a->mu);
	if (clock_mono_ms() >= a->looked_ms + LOOK_MS) {
		a->looked_ms = clock_mono_ms();
		changed = stat(a->path, &st) == 0 && !same_file(&st, &a->seen);
		if (changed)
			a->seen = st;
	}
	pthread_mutex_unlock(&a->mu);
	if (changed && htpasswd_read(a->path, &fresh, &e) != 0)
		log_event(LOG_ERROR, "auth.users_not_reread", LS("error", e.msg),
			  LS("what", "the users of before stay"));
	pthread_mutex_lock(&a->mu);
	if (fresh != NULL) {
		htpasswd_unref(a->users);
		a->users = fresh;
	}
	got = htpasswd_ref(a->users);
	pthread_mutex_unlock(&a->mu);
	if (fresh != NULL) {
		logins_forget(a->logins);
		log_event(LOG_INFO, "auth.users_reread", LS("path", a->path));
	}
	return got;
}

/* --- who is it --- */

/* An address's text; of IPv6 the half that a site has. */
static void client_of(struct request *rq, char out[64])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info != NULL ? info->client_addr : NULL;
	struct in6_addr six;

	out[0] = '\0';
	if (addr != NULL && addr->sa_family == AF_INET)
		inet_ntop(AF_INET,
			  &((const struct sockaddr_in *)(const void *)addr)->sin_addr,
			  out, 64);
	if (addr == NULL || addr->sa_family != AF_INET6)
		return;
	six = ((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
	if (!IN6_IS_ADDR_V4MAPPED(&six))
		memset(six.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &six, out, 64);
}

static void wait_for(struct request *rq, struct task *t)
{
	uint64_t seen = bell_count(task_bell(t));

	task_unref(rq->user.wait);
	rq->user.wait = t;
	park_suspend(rq, task_bell(t), task_result(t) != NULL ? UINT64_MAX : seen);
}

/* False: parked. */
static bool check_password(struct request *rq, struct auth *a, const char *user,
			   const char *password)
{
	struct request_user *u = &rq->user;
	struct htpasswd *users = present_users(a);
	struct task *wait = NULL;
	enum login_state state;
	char from[64];

	client_of(rq, from);
	state = logins_check(a->logins, users, user, password, from, u->wait == NULL,
			     &wait, &u->retry_s);
	htpasswd_unref(users);
	switch (state) {
	case LOGIN_GOOD:
		u->name = mem_dup(user);
		u->state = USER_KNOWN;
		return true;
	case LOGIN_WAIT:
		wait_for(rq, wait);
		return false;
	case LOGIN_LATER:
		u->state = USER_LATER;
		return true;
	default:
		u->state = USER_WRONG;
		return true;
	}
}

static bool basic(struct request *rq, struct auth *a, struct view text)
{
	CLEANUP(buf_done)
	struct buf pair = BUF_INIT(CREDENTIAL_MAX_BYTES);
	bool done = true;
	char *colon;

	rq->user.state = USER_WRONG;
	if (text.n > 2 * CREDENTIAL_MAX_BYTES || base64_decode(text, &pair, NULL) != 0 ||
	    pair.n == 0 || memchr(pair.p, '\0', pair.n) != NULL)
		return true;
	colon = strchr(pair.p, ':');
	if (colon != NULL && colon > pair.p && colon - pair.p <= HTPASSWD_USER_MAX) {
		*colon = '\0';
		rq->user.state = USER_UNKNOWN;
		done = check_password(rq, a, pair.p, colon + 1);
	}
	explicit_bzero(pair.p, pair.n);
	return done;
}

static void bearer(struct request *rq, struct auth *a, struct view token)
{
	char *name = token_check(a->key, token);

	rq->user.state = name != NULL ? USER_KNOWN : USER_WRONG;
	if (name != NULL && *name != '\0')
		rq->user.name = TAKE(name);
	free(name);
}

static bool has_scheme(struct request *rq, const char *scheme)
{
	struct view v = request_header(rq, "Authorization");
	size_t n = strlen(scheme);

	return v.n > n && strncasecmp(v.p, scheme, n) == 0 && v.p[n] == ' ';
}

/* False: parked. */
static bool identify(struct request *rq, struct auth *a)
{
	struct view v = request_header(rq, "Authorization");

	if (rq->user.state != USER_UNKNOWN)
		return true;
	if (a->path == NULL || v.n == 0) {
		rq->user.state = USER_NONE;
		return true;
	}
	if (has_scheme(rq, "Basic"))
		return basic(rq, a, view_trim((struct view){ v.p + 5, v.n - 5 }));
	if (has_scheme(rq, "Bearer"))
		bearer(rq, a, view_trim((struct view){ v.p + 6, v.n - 6 }));
	else
		rq->user.state = USER_WRONG;
	return true;
}

/* --- may they --- */

static unsigned right_of(enum auth_action action)
{
	return action == AUTH_PUSH     ? RULE_PUSH
	       : action == AUTH_DELETE ? RULE_DELETE
				       : RULE_PULL;
}

static bool any_right(const struct auth *a, const char *user)
{
	return rules_allow(a->rules, a->nrules, user, RULE_PULL, NULL) ||
	       rules_allow(a->rules, a->nrules, user, RULE_PUSH, NULL) ||
	       rules_allow(a->rules, a->nrules, user, RULE_DELETE, NULL);
}

bool auth_user_may_pull(const struct auth *a, const char *user, const char *name)
{
	if (a->nrules == 0)
		return a->path == NULL || user != NULL;
	return rules_allow(a->rules, a->nrules, user, RULE_PULL, name);
}

bool auth_may(struct request *rq, enum auth_action action, const char *name)
{
	const struct auth *a = rq->server->auth;
	const char *user = rq->user.name;

	if (a->path == NULL && a->nrules == 0)
		return true;
	if (action == AUTH_ENTER) /* with a token for nobody too; without one, never */
		return a->path == NULL ||
		       (a->bearer ? rq->user.state == USER_KNOWN : user != NULL);
	if (a->nrules == 0)
		return user != NULL;
	if (action == AUTH_ANY)
		return user != NULL || any_right(a, user);
	return rules_allow(a->rules, a->nrules, user, right_of(action),
			   action == AUTH_LIST ? NULL : name);
}

enum auth_answer auth_request(struct request *rq, enum auth_action action,
			      const char *name)
{
	struct auth *a = rq->server->auth;

	if (!identify(rq, a))
		return AUTH_WAIT;
	if (rq->user.state == USER_WRONG || rq->user.state == USER_LATER)
		return AUTH_REFUSED;
	rq->user.wanted = action;
	return auth_may(rq, action, name) ? AUTH_ALLOWED : AUTH_REFUSED;
}

/* --- answers --- */

/* The host as the client calls us, if it is one; else nothing can be said. */
static bool own_host(struct request *rq, char out[256])
{
	struct view host = request_header(rq, "Host");
	size_t i;

	for (i = 0; i < host.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789.-_:[]",
			   host.p[i]) == NULL ||
		    host.p[i] == '\0')
			return false;
	if (host.n == 0 || host.n > 255)
		return false;
	memcpy(out, host.p, host.n);
	out[host.n] = '\0';
	return true;
}

static bool is_https(struct request *rq)
{
	return rq->server->tls != NULL ||
	       view_is_nocase(request_header(rq, "X-Forwarded-Proto"), "https");
}

static enum MHD_Result challenge(struct request *rq, bool by_token, const char *message)
{
	static const char *const words[] = {
		[AUTH_PULL] = "pull", [AUTH_PUSH] = "pull,push", [AUTH_DELETE] = "delete"
	};
	const struct auth *a = rq->server->auth;
	char host[256], text[NAME_MAX_BYTES + 1024], scope[NAME_MAX_BYTES + 64] = "";
	/* Nobody's token, where somebody's is wanted: without these words Docker repeats
	 * a push for most of a minute before it gives up. */
	bool lacks_right = rq->user.state == USER_KNOWN;

	if (!by_token || !own_host(rq, host)) {
		snprintf(text, sizeof(text), "Basic realm=\"%s\"", a->realm);
	} else {
		if (rq->routed && rq->user.wanted >= AUTH_PULL)
			snprintf(scope, sizeof(scope), ",scope=\"repository:%s:%s\"",
				 rq->name.s, words[rq->user.wanted]);
		snprintf(text, sizeof(text),
			 "Bearer realm=\"%s://%s/token\",service=\"%s\"%s%s",
			 is_https(rq) ? "https" : "http", host, host, scope,
			 lacks_right ? ",error=\"insufficient_scope\"" : "");
	}
	return reply_oci_error_with(rq, MHD_HTTP_UNAUTHORIZED, OCIERR_UNAUTHORIZED,
				    message, "WWW-Authenticate", text);
}

static enum MHD_Result later(struct request *rq)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", rq->user.retry_s);
	return reply_oci_error_with(
		rq, MHD_HTTP_TOO_MANY_REQUESTS, OCIERR_TOOMANYREQUESTS,
		"too many wrong logins; try again later", "Retry-After", seconds);
}

enum MHD_Result auth_refuse(struct request *rq)
{
	const struct auth *a = rq->server->auth;

	if (rq->user.state == USER_LATER)
		return later(rq);
	if (rq->user.state == USER_WRONG)
		return challenge(rq, a->bearer,
				 "wrong user name or password, or an old token");
	if (rq->user.name == NULL && a->path != NULL)
		return challenge(rq, a->bearer, "authentication required");
	return reply_oci_error(rq, MHD_HTTP_FORBIDDEN, OCIERR_DENIED,
			       rq->user.name != NULL
				       ? "this user may not do that here; larder.access "
					 "says who may do what"
				       : "nobody may do that here; larder.access says "
					 "who may do what");
}

bool auth_passes(struct request *rq, enum auth_action action, const char *name,
		 enum MHD_Result *answer)
{
	switch (auth_request(rq, action, name)) {
	case AUTH_ALLOWED:
		return true;
	case AUTH_WAIT:
		*answer = MHD_YES;
		return false;
	default:
		*answer = auth_refuse(rq);
		return false;
	}
}

enum MHD_Result auth_token(struct request *rq)
{
	struct auth *a = rq->server->auth;
	CLEANUP(buf_done)
	struct buf token = BUF_INIT(2 * TOKEN_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(8 * TOKEN_MAX_BYTES);
	char now[32];
	time_t seconds = time(NULL);
	struct tm tm;

	if (!a->bearer)
		return reply_oci_error(rq, MHD_HTTP_NOT_FOUND, OCIERR_UNSUPPORTED,
				       "there are no tokens here; the registry API "
				       "begins at /v2/");
	if (!rq->get)
		return reply_not_allowed(rq, "GET", "tokens are got by GET");
	if (!identify(rq, a))
		return MHD_YES;
	if (rq->user.state == USER_LATER)
		return later(rq);
	/* With a token there would be no end of tokens. */
	if (rq->user.state == USER_WRONG || has_scheme(rq, "Bearer"))
		return challenge(rq, false, "wrong user name or password");
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	if (token_make(a->key, rq->user.name != NULL ? rq->user.name : "", &token) != 0 ||
	    buf_addf(&json,
		     "{\"token\":\"%s\",\"access_token\":\"%s\",\"expires_in\":%d,"
		     "\"issued_at\":\"%s\"}\n",
		     buf_str(&token), buf_str(&token), TOKEN_SECONDS, now) != 0)
		return reply_oci_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, OCIERR_UNKNOWN,
				       "no token can be made");
	return reply_text(rq, MHD_HTTP_OK, "application/json", buf_view(&json));
}
