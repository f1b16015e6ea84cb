/*
 * past_json.c - rows of histories to JSON and back. No state.
 */
#include "mirror/past_json.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "codec/json.h"

static const char *const words[] = { "no", "in part", "yes" };

const char *past_json_here(enum past_here h)
{
	return words[h];
}

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
	human_ascii(to);
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
