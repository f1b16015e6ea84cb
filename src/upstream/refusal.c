/*
 * refusal.c - statuses to kinds of errors.
 */
#include "upstream/refusal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/json.h"
#include "upstream/toomany.h"

#define ADVICE_MAX 200

bool refusal_is_html(const struct transport_answer *a, struct view body)
{
	struct view type = transport_header(a, "Content-Type", 0);
	size_t i = 0;

	if (type.n >= 9 && strncasecmp(type.p, "text/html", 9) == 0)
		return true;
	while (i < body.n && strchr(" \t\r\n", body.p[i]) != NULL && body.p[i] != '\0')
		i++;
	return i < body.n && body.p[i] == '<';
}

bool refusal_says(const struct chase *c, char out[REFUSAL_SAID_MAX],
		  char code[REFUSAL_CODE_MAX])
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(buf_view(&c->refusal), NULL);
	const struct json *errors = json_get(doc, "errors");
	const char *msg = json_get_str(json_at(errors, 0), "message");
	const char *word = json_get_str(json_at(errors, 0), "code");
	const char *secret = c->authorization;
	size_t i;

	out[0] = '\0';
	if (code != NULL)
		snprintf(code, REFUSAL_CODE_MAX, "%s", word != NULL ? word : "");
	if (msg != NULL && *msg != '\0' && strchr(msg, '?') == NULL) {
		snprintf(out, REFUSAL_SAID_MAX, ": %s", msg);
		for (i = 0; out[i] != '\0'; i++)
			if ((unsigned char)out[i] < ' ' || (unsigned char)out[i] > '~')
				out[i] = '.';
	}
	/* "Authorization: Bearer x": the third word is the secret. */
	secret = secret != NULL ? strrchr(secret, ' ') : NULL;
	if (secret != NULL && msg != NULL && strstr(msg, secret + 1) != NULL)
		out[0] = '\0';
	return json_is_array(errors);
}

/* How long the breaker leaves it alone; -1: it does not. */
static int left_alone_s(const struct chase *c)
{
	enum breaker_part part = c->way.foreign ? BREAKER_CDN : BREAKER_REGISTRY;
	struct breaker_view look;
	int64_t ms;

	breaker_look(c->u, part, &look);
	ms = look.until_wall_ms - clock_wall_ms();
	return look.state == BREAKER_BUSY && !c->push && ms > 0 ? (int)((ms + 999) / 1000)
								: -1;
}

/* Not about pulls: it wants to be left alone. */
static void abused(const struct chase *c, int *after_s, char out[ADVICE_MAX])
{
	int alone_s = left_alone_s(c);

	out[0] = '\0';
	if (alone_s < 0)
		return;
	*after_s = alone_s;
	snprintf(out, ADVICE_MAX,
		 "; this is no pull quota, but a limit on requests of all kinds: none "
		 "are made for %d s; what is cached is not affected",
		 alone_s);
}

static int busy(const struct chase *c, struct err *e)
{
	char said[REFUSAL_SAID_MAX], advice[ADVICE_MAX] = "";
	int after_s = toomany_after_s(c);

	refusal_says(c, said, NULL);
	/* Of a quota the ledger says more. */
	if (toomany_of(c) != TOOMANY_QUOTA)
		abused(c, &after_s, advice);
	err_set(e, ERR_BUSY, "too many requests (%d)%s%s", c->answer.status, said,
		advice);
	if (e != NULL)
		e->retry_after_s = after_s > 0 ? after_s : 0;
	return -1;
}

int refusal_plain(const struct chase *c, struct err *e)
{
	char said[REFUSAL_SAID_MAX], shown[URL_SHOWN_MAX] = "";

	if (c->answer.status == 429)
		return busy(c, e);
	refusal_says(c, said, NULL);
	if (!c->way.foreign)
		return err_set(e, ERR_UPSTREAM, "answered %d%s", c->answer.status, said);
	url_show(buf_str(&c->way.url), shown);
	return err_set(e, ERR_UPSTREAM, "redirected to %.150s, which answered %d%s",
		       shown, c->answer.status, said);
}

static int not_found(const struct chase *c, bool blob, struct err *e)
{
	char said[REFUSAL_SAID_MAX];
	bool oci = refusal_says(c, said, NULL);

	if (!oci && refusal_is_html(&c->answer, buf_view(&c->refusal)))
		return err_set(e, ERR_UPSTREAM, "answered 404 with a web page");
	if (!oci && c->way.foreign && blob)
		return refusal_plain(c, e);
	return err_set(e, ERR_NOT_FOUND, "not found%s", said);
}

int refusal_of(const struct chase *c, bool blob, struct err *e)
{
	char said[REFUSAL_SAID_MAX];

	switch (c->answer.status) {
	case 401:
	case 403:
		if (c->way.foreign)
			return refusal_plain(c, e);
		if (c->answer.status == 403 &&
		    transport_header(&c->answer, "Retry-After", 0).n > 0)
			return busy(c, e);
		refusal_says(c, said, NULL);
		return err_set(e, ERR_DENIED,
			       "access refused (%d); there is no such repository, or it "
			       "is private and needs other credentials%s",
			       c->answer.status, said);
	case 404:
		return not_found(c, blob, e);
	default:
		return refusal_plain(c, e);
	}
}
