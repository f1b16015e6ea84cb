/*
 * past.c - rows of histories, to JSON and back. No state.
 */
#include "mirror/past.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "codec/json.h"
#include "mirror/former.h"
#include "store/link.h"
#include "store/list.h"

static const char *const words[] = { "no", "in part", "yes" };

const char *past_here_word(enum past_here h)
{
	return words[h];
}

static enum past_here how_much(const struct past_ask *ask, const struct digest *d)
{
	const struct reponame *name = &ask->route->name;

	if (former_is_whole(ask->store, name, d))
		return PAST_WHOLE;
	return link_exists(ask->store, LINK_REVISION, name, d) ? PAST_PART : PAST_NONE;
}

static int list_tag(const struct past_ask *ask, const char *tag,
		    int (*row)(void *arg, const struct past_row *r, struct err *e),
		    void *arg, struct err *e)
{
	const struct reponame *name = &ask->route->name;
	struct past_row r = { .repository = *name };
	const struct history_move *at = NULL;
	struct history h;
	struct digest d;
	int rc = 0;
	size_t i;

	/* Its message says why there is none. */
	if (ask->has_asof &&
	    history_resolve(ask->store, name, tag, ask->asof_ms, &d, e) != 0)
		return -1;
	if (history_read(ask->store, name, tag, &h, e) != 0)
		return -1;
	route_shown(ask->route, r.shown);
	snprintf(r.tag, sizeof(r.tag), "%s", tag);
	if (ask->has_asof)
		at = history_at(&h, ask->asof_ms);
	for (i = 0; i < h.n && rc == 0; i++) {
		const struct history_move *m = &h.move[i];

		if (ask->has_asof && m != at)
			continue;
		r.since_ms = m->ms;
		r.gone = m->gone;
		r.digest = m->digest;
		r.here = m->gone ? PAST_NONE : how_much(ask, &m->digest);
		snprintf(r.from, sizeof(r.from), "%s", m->from);
		rc = row(arg, &r, e);
	}
	history_done(&h);
	return rc;
}

int past_list(const struct past_ask *ask,
	      int (*row)(void *arg, const struct past_row *r, struct err *e), void *arg,
	      struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	const struct reponame *name = &ask->route->name;
	const char *tag;
	struct err why;
	int rc = 0;

	if (ask->tag != NULL)
		return list_tag(ask, ask->tag, row, arg, e);
	rc = ask->has_asof ? history_tags(ask->store, name, ask->asof_ms, &names, e)
			   : history_names(ask->store, name, &names, e);
	for (tag = buf_str(&names); rc == 0 && tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1) {
		if (strcmp(tag, ask->last) <= 0)
			continue;
		rc = list_tag(ask, tag, row, arg, &why);
		if (rc < 0 && why.kind == ERR_NOT_FOUND)
			rc = 0; /* it has gone meanwhile */
		else if (rc < 0)
			*e = why;
	}
	return rc;
}

/* --- JSON --- */

static int text(struct buf *out, const char *key, const char *value)
{
	int rc = buf_addf(out, "\"%s\":\"", key);

	rc |= buf_add_json(out, value, strlen(value));
	return rc | buf_adds(out, "\",");
}

int past_json_write(struct buf *out, const struct past_row *r)
{
	char digest[DIGEST_TEXT_MAX], when[24];
	size_t before = out->n;
	int rc = buf_adds(out, "{");

	httpdate_format_iso(r->since_ms / 1000, when);
	rc |= text(out, "name", r->shown);
	rc |= text(out, "tag", r->tag);
	rc |= text(out, "repository", r->repository.s);
	rc |= text(out, "since", when);
	if (r->gone) {
		rc |= buf_adds(out, "\"digest\":null,\"here\":null,");
	} else {
		digest_text(&r->digest, digest);
		rc |= text(out, "digest", digest);
		rc |= text(out, "here", words[r->here]);
	}
	rc |= text(out, "from", r->from);
	if (rc == 0) {
		out->p[out->n - 1] = '}'; /* in place of the last comma */
		rc = buf_adds(out, "\n");
	}
	if (rc == 0)
		return 0;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return -1;
}

static bool take(char *to, size_t n, const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);

	if (s == NULL || s[0] == '\0')
		return false;
	snprintf(to, n, "%s", s);
	human_clean(to);
	return true;
}

int past_json_read(struct view line, struct past_row *r, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(line, NULL);
	const char *since = json_get_str(doc, "since");
	const char *name = json_get_str(doc, "repository");
	const char *digest = json_get_str(doc, "digest");
	const char *here = json_get_str(doc, "here");
	int64_t s;
	size_t i;

	memset(r, 0, sizeof(*r));
	r->gone = digest == NULL;
	if (!take(r->shown, sizeof(r->shown), doc, "name") ||
	    !take(r->tag, sizeof(r->tag), doc, "tag") ||
	    !take(r->from, sizeof(r->from), doc, "from") || name == NULL ||
	    reponame_parse(view_of(name), &r->repository, NULL) != 0 || since == NULL ||
	    !httpdate_parse(view_of(since), &s) ||
	    (digest != NULL && digest_parse(view_of(digest), &r->digest, NULL) != 0))
		return err_set(e, ERR_UPSTREAM,
			       "answered with something that is no row of a history");
	r->since_ms = s * 1000;
	for (i = 0; here != NULL && i < ARRAY_LEN(words); i++)
		if (strcmp(here, words[i]) == 0)
			r->here = (enum past_here)i;
	return 0;
}
