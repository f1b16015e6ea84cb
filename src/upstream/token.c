/*
 * token.c - GET with Basic credentials, or POST of a refresh token; a bounded JSON
 * answer.
 */
#include "upstream/token.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "upstream/chase.h"
#include "upstream/refusal.h"

#define ANSWER_MAX_BYTES 65536
#define LIFETIME_LEAST_S 60
#define LIFETIME_MOST_S 86400
#define LIMIT_MS 30000 /* for a token as a whole, where the caller has no deadline */

void token_basic_line(const struct cred *c, struct buf *out)
{
	CLEANUP(mem_freep)
	char *pair = mem_fmt("%s:%s", c->username, c->password);

	buf_clear(out);
	buf_adds(out, "Authorization: Basic ");
	base64_encode(pair, strlen(pair), out);
	explicit_bzero(pair, strlen(pair));
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	if (buf_add(arg, p, n) != 0)
		return err_set(e, ERR_LIMIT, "answer of more than %d bytes",
			       ANSWER_MAX_BYTES);
	return 0;
}

static int add_query(struct buf *url, const char *key, const char *value, struct err *e)
{
	struct buf next = BUF_INIT(URL_MAX_BYTES);

	if (url_add_query(buf_str(url), key, value, &next, e) != 0) {
		buf_done(&next);
		return -1;
	}
	buf_done(url);
	*url = next;
	return 0;
}

/* Several scopes go as several parameters in a GET. */
static int query_url(const struct token_ask *ask, struct buf *url, struct err *e)
{
	const char *p = ask->scope;

	if (buf_adds(url, ask->realm) != 0 ||
	    (*ask->service != '\0' && add_query(url, "service", ask->service, e) != 0))
		return err_set(e, ERR_UPSTREAM, "not a usable token realm");
	while (*(p += strspn(p, " ")) != '\0') {
		size_t n = strcspn(p, " ");
		CLEANUP(mem_freep)
		char *one = mem_dupn(p, n);

		if (add_query(url, "scope", one, e) != 0)
			return err_set(e, ERR_UPSTREAM, "not a usable token scope");
		p += n;
	}
	if (ask->cred->username != NULL &&
	    add_query(url, "account", ask->cred->username, e) != 0)
		return err_set(e, ERR_DENIED, "not a usable user name");
	return 0;
}

static void add_field(struct buf *form, const char *key, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);

	if (escaped == NULL)
		abort(); /* as mem_alloc */
	buf_addf(form, "%s%s=%s", form->n > 0 ? "&" : "", key, escaped);
	explicit_bzero(escaped, strlen(escaped));
	curl_free(escaped);
}

static void form_of(const struct token_ask *ask, struct buf *form)
{
	add_field(form, "grant_type", "refresh_token");
	if (*ask->service != '\0')
		add_field(form, "service", ask->service);
	add_field(form, "client_id", "larder");
	add_field(form, "scope", ask->scope);
	add_field(form, "refresh_token", ask->cred->identity);
}

/* A token ends up in a header line: nothing but visible ASCII. */
static bool is_header_safe(const char *s)
{
	size_t n;

	for (n = 0; s[n] > ' ' && s[n] < 0x7f; n++)
		;
	return n > 0 && s[n] == '\0' && n < TOKEN_MAX_BYTES;
}

static int read_answer(struct view text, struct buf *out, int64_t *lifetime_ms,
		       struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(text, NULL);
	const char *token = json_get_str(doc, "token");
	int64_t s = LIFETIME_LEAST_S;

	if (token == NULL || *token == '\0')
		token = json_get_str(doc, "access_token");
	if (token == NULL || !is_header_safe(token))
		return err_set(e, ERR_UPSTREAM, "the answer has no usable token");
	json_get_int(doc, "expires_in", &s);
	s = s < LIFETIME_LEAST_S ? LIFETIME_LEAST_S : s;
	s = s > LIFETIME_MOST_S ? LIFETIME_MOST_S : s;
	buf_clear(out);
	buf_adds(out, token);
	*lifetime_ms = s * 1000 - s * 100;
	return 0;
}

/* The one text that has to be read: a lock is no quota, and asking on prolongs it. */
static enum token_refusal refused_as(const struct chase *c, const struct token_ask *ask)
{
	int status = c->answer.status;

	if (c->way.foreign || cred_is_none(ask->cred))
		return TOKEN_REFUSAL_OTHER;
	if (status == 429 && strcasestr(buf_str(&c->refusal), "failed login") != NULL)
		return TOKEN_REFUSAL_LOCKED;
	return status == 401   ? TOKEN_REFUSAL_CREDENTIALS
	       : status == 403 ? TOKEN_REFUSAL_SCOPE
			       : TOKEN_REFUSAL_OTHER;
}

static int refuse(const struct chase *c, const struct token_ask *ask, struct err *e)
{
	int status = c->answer.status;

	if ((status == 401 || status == 403) && !c->way.foreign) {
		if (cred_is_none(ask->cred))
			return err_set(e, ERR_DENIED,
				       "no token without credentials (status %d)",
				       status);
		return err_set(e, ERR_DENIED,
			       "the credentials for %s may not have this (status %d)",
			       ask->u->host, status);
	}
	return refusal_plain(c, e);
}

static void wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->n);
	buf_done(b);
}

static int fetch(const struct token_ask *ask, struct chase *c, struct buf *answer,
		 enum token_refusal *refused, struct err *e)
{
	CLEANUP(buf_done)
	struct buf url = BUF_INIT(URL_MAX_BYTES);
	CLEANUP(wipe)
	struct buf form = BUF_INIT(ANSWER_MAX_BYTES);
	CLEANUP(wipe)
	struct buf basic = BUF_INIT(ANSWER_MAX_BYTES);

	if (ask->cred->identity != NULL) {
		form_of(ask, &form);
		c->method = "POST";
		c->url = ask->realm;
		c->form = buf_str(&form);
	} else {
		if (query_url(ask, &url, e) != 0)
			return -1;
		c->method = "GET";
		c->url = buf_str(&url);
		if (ask->cred->username != NULL) {
			token_basic_line(ask->cred, &basic);
			c->authorization = buf_str(&basic);
		}
	}
	c->data = on_data;
	c->arg = answer;
	if (chase_run(c, e) != 0)
		return -1;
	if (c->answer.status == 200)
		return 0;
	*refused = refused_as(c, ask);
	buf_clear(&c->refusal); /* may repeat a secret; it is not to be quoted */
	return refuse(c, ask, e);
}

int token_fetch(const struct token_ask *ask, struct buf *out, int64_t *lifetime_ms,
		enum token_refusal *refused, struct err *e)
{
	CLEANUP(chase_done)
	struct chase c = { .u = ask->u, .kind = "token" };
	CLEANUP(wipe)
	struct buf answer = BUF_INIT(ANSWER_MAX_BYTES);
	char shown[URL_SHOWN_MAX];
	int rc;

	c.header[0] = "Accept: application/json";
	c.deadline_ms = clock_mono_ms() + LIMIT_MS;
	if (ask->deadline_ms > 0 && ask->deadline_ms < c.deadline_ms)
		c.deadline_ms = ask->deadline_ms;
	rc = fetch(ask, &c, &answer, refused, e);
	if (rc == 0)
		rc = read_answer(buf_view(&answer), out, lifetime_ms, e);
	if (rc == 0)
		return 0;
	url_show(ask->realm, shown);
	return err_add(e, "token from %.150s", shown);
}
