/*
 * auth.h - who asks, and whether they may.
 *
 * Without users and rules everybody may do everything, and what clients say about
 * themselves is not looked at. With users only, whoever logs in may do everything, as
 * with registry:2. With rules, what they grant.
 *
 * The challenge is Basic, or, where clients without a name may do something too, Bearer
 * with a token service of larder's own: Docker gives up at a Basic challenge to which it
 * has no answer, and never logs in where there was no challenge at /v2/.
 */
#ifndef LARDER_SERVER_AUTH_H
#define LARDER_SERVER_AUTH_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/err.h"
#include "oci/rules.h"
#include "server/request.h"

struct auth;

struct auth_conf {
	const char *htpasswd;	  /* path of the users' file; NULL: none */
	const char *realm;	  /* what a Basic challenge says */
	const struct rule *rules; /* copied */
	size_t nrules;
};

/* A file that is not there is made, with a user whose password is logged, once. */
int auth_new(const struct auth_conf *conf, struct auth **out, struct err *e);
void auth_free(struct auth *a); /* NULL is fine */

enum auth_action {
	AUTH_ANY,   /* nothing yet: may this one do anything at all? */
	AUTH_ENTER, /* GET /v2/ */
	AUTH_LIST,  /* the catalog */
	AUTH_PULL,
	AUTH_PUSH,
	AUTH_DELETE
};
enum auth_answer { AUTH_ALLOWED, AUTH_WAIT, AUTH_REFUSED };

/* May this request do that to the repository of this name (as in the store; NULL where
 * there is none)? AUTH_WAIT: the request is parked, call again from the top.
 * AUTH_REFUSED: answer with auth_refuse. */
enum auth_answer auth_request(struct request *rq, enum auth_action action,
			      const char *name);
enum MHD_Result auth_refuse(struct request *rq);
/* Both in one: false: *answer is the handler's, parked or refused. */
bool auth_passes(struct request *rq, enum auth_action action, const char *name,
		 enum MHD_Result *answer);
/* After auth_request has allowed something: may the same user do that as well? */
bool auth_may(struct request *rq, enum auth_action action, const char *name);
/* A user (NULL: one without a name), asked for later and on any thread: may they pull
 * from this repository? */
bool auth_user_may_pull(const struct auth *a, const char *user, const char *name);
/* GET /token: a token for whoever asks. */
enum MHD_Result auth_token(struct request *rq);

#endif
