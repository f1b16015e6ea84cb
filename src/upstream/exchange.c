/*
 * exchange.c - the loop around auth.h and chase.h.
 */
#include "upstream/exchange.h"

#include <string.h>

#include "base/mem.h"
#include "upstream/auth.h"
#include "upstream/gate.h"

/* Some registries say 403, with a challenge, to those who have not said who they are. */
static bool is_challenge(const struct chase *c)
{
	if (c->way.foreign)
		return false;
	return c->answer.status == 401 ||
	       (c->answer.status == 403 && c->authorization == NULL &&
		transport_header(&c->answer, "WWW-Authenticate", 0).n > 0);
}

/* A copy that outlives the dance: refusal.h must know what not to repeat. */
static void set_proof(struct chase *c, const struct buf *line)
{
	if (c->proof.p != NULL)
		explicit_bzero(c->proof.p, c->proof.n);
	buf_done(&c->proof);
	buf_init(&c->proof, line->limit);
	buf_adds(&c->proof, buf_str(line));
	c->authorization = line->n > 0 ? buf_str(&c->proof) : NULL;
}

/* What a mirror is asked for names the registry. A link to a next page may say it
 * already. */
static int make_url(const struct upstream *u, const char *path, struct buf *out,
		    struct err *e)
{
	CLEANUP(mem_freep)
	char *url = path[0] == '/' ? mem_fmt("%s%s", u->url, path) : mem_dup(path);

	if (u->is_mirror && strstr(url, "?ns=") == NULL && strstr(url, "&ns=") == NULL)
		return url_add_query(url, "ns", u->host, out, e);
	return buf_adds(out, url) == 0
		       ? 0
		       : err_set(e, ERR_LIMIT, "a URL of more than %d bytes",
				 URL_MAX_BYTES);
}

int exchange_run(struct upstream *u, struct chase *c, const struct reponame *name,
		 const char *path, struct err *e)
{
	CLEANUP(auth_done)
	struct auth auth = { 0 };
	CLEANUP(buf_done)
	struct buf url = BUF_INIT(URL_MAX_BYTES);
	struct realm_want want = { name->s, c->push, c->from };
	int rc;

	if (gate_stopped())
		return gate_stopped_err(e);
	if (make_url(u, path, &url, e) != 0)
		return -1;
	c->u = u;
	c->url = buf_str(&url);
	c->registry = true;
	if (c->account == NULL)
		c->account = account_for(u, name->s);
	c->repository = name->s[0] != '\0' ? name->s : NULL;
	rc = auth_begin(&auth, u, c->account, &want, c->deadline_ms, e);
	while (rc == 0) {
		set_proof(c, &auth.line);
		rc = chase_run(c, e);
		if (rc != 0 || !is_challenge(c))
			break;
		rc = auth_refused(&auth, &c->answer, e);
		if (rc == 0)
			break;
		rc = rc > 0 ? 0 : -1;
	}
	c->url = NULL;
	c->repository = NULL;
	return rc;
}
