/*
 * request.h - one HTTP request: what was asked, and how far it is.
 */
#ifndef LARDER_SERVER_REQUEST_H
#define LARDER_SERVER_REQUEST_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bell.h"
#include "mirror/visit.h"
#include "oci/reference.h"

enum request_kind {
	REQUEST_OTHER,
	REQUEST_PING,
	REQUEST_MANIFEST,
	REQUEST_BLOB,
	REQUEST_TAGS,
	REQUEST_CATALOG,
	REQUEST_TOKEN,
	REQUEST_REFERRERS,
	REQUEST_UPLOAD,
	REQUEST_HEALTH,
	REQUEST_READY,
	REQUEST_METRICS,
	REQUEST_IMAGES,
	REQUEST_STATUS,
	REQUEST_CHECK,
	REQUEST_HISTORY,
	REQUEST_KINDS,
};

enum request_method {
	METHOD_OTHER,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
};

const char *request_word(enum request_kind k); /* for metrics: "manifest" */

struct client;
struct gate_pass; /* trust/gate.h */
struct intake;	  /* server/intake.h */
struct server;

enum user_state {
	USER_UNKNOWN, /* not looked at yet */
	USER_NONE,    /* says nothing of itself */
	USER_KNOWN,   /* logged in, or has a token; the token may be nobody's */
	USER_WRONG,
	USER_LATER, /* not compared: too many wrong ones; retry_s */
};

struct request_user {
	enum user_state state;
	unsigned wanted;   /* enum auth_action */
	char *name;	   /* NULL: none */
	struct task *wait; /* its password is being compared */
	int retry_s;
};

struct request {
	struct server *server;
	struct MHD_Connection *conn;
	struct client *client; /* conn's */
	struct waiter waiter;  /* resumes conn */
	bool parked;	       /* conn is suspended, or has just been resumed */
	atomic_bool gone;      /* the client left while it was */
	char *uri;	       /* as sent, with the query */
	bool bad_uri;	       /* holds %00 */
	bool unclear;	       /* where it ends; see framing.h */

	enum request_kind kind;
	enum request_method method;
	bool parsed, head, get;
	struct view name_text, ref_text; /* into path, where the kind has them */
	char *path;			 /* decoded */
	struct reponame name;
	struct reference ref;
	bool is_asof;	 /* name begins with a date (oci/asof.h), and ... */
	int64_t asof_ms; /* ... its tags are meant as of then */
	char ns[256];	 /* canonical; "" : not given */

	bool routed;
	struct route route;
	struct request_user user;
	struct visit visit;
	struct gate_pass *pass; /* on its way through the policies; NULL */
	struct intake *intake;	/* its body, where one is taken; else NULL */

	/* for the log and the metrics */
	int64_t start_us;
	unsigned status;
	bool failed; /* the answer was cut short on purpose */
	/* of a blob's file that goes out; its bytes, 0: none does */
	uint64_t file, first; /* ... and where the answer begins in it */
	uint64_t sent;	      /* by its connection before (sent.h) */
	uint64_t bytes;	      /* of body, as far as they were handed over */
};

enum request_method request_method(const char *word);
const char *request_method_word(enum request_method m); /* "GET"; "OTHER" */

/* Sort out which kind of request a path is; the texts point into path. Pure. */
enum request_kind request_classify(const char *path, struct view *name, struct view *ref);

struct request *request_new(struct server *s, const char *uri);
void request_free(struct request *rq);

/* A request header's value, or an empty view. */
struct view request_header(struct request *rq, const char *name);
/* An argument of the query, decoded, or NULL. */
const char *request_arg(struct request *rq, const char *name);
/* Does If-None-Match name this entity tag (without quotes)? RFC 9110 section 13.1.2. */
bool request_none_match(struct request *rq, const char *etag);

#endif
