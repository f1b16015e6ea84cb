/*
 * inventory_json.c - rows to JSON and back. No state.
 */
#include "mirror/inventory_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/human.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "codec/json.h"

static int text(struct buf *out, const char *key, const char *value)
{
	int rc = buf_addf(out, "\"%s\":\"", key);

	rc |= buf_add_json(out, value, strlen(value));
	return rc | buf_adds(out, "\",");
}

int inventory_json_time(struct buf *out, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	char word[40];
	struct tm tm;

	if (wall_ms <= 0 || gmtime_r(&s, &tm) == NULL ||
	    strftime(word, sizeof(word), "\"%Y-%m-%dT%H:%M:%SZ\"", &tm) == 0)
		return buf_adds(out, "null");
	return buf_adds(out, word);
}

static int when(struct buf *out, const char *key, int64_t wall_ms)
{
	int rc = buf_addf(out, "\"%s\":", key);

	rc |= inventory_json_time(out, wall_ms);
	return rc | buf_adds(out, ",");
}

static int platforms(struct buf *out, const struct inventory_row *r)
{
	int rc = buf_adds(out, "\"platforms\":[");
	char name[100];
	size_t i;

	for (i = 0; i < r->nplatforms; i++) {
		platform_text(&r->platform[i].platform, name);
		rc |= buf_addf(out, "%s{\"platform\":\"", i > 0 ? "," : "");
		rc |= buf_add_json(out, name, strlen(name));
		rc |= buf_addf(out, "\",\"complete\":%s}",
			       r->platform[i].complete ? "true" : "false");
	}
	return rc | buf_addf(out, "],\"platformCount\":%zu,", r->listed);
}

int inventory_json_write(struct buf *out, const struct inventory_row *r)
{
	char digest[DIGEST_TEXT_MAX] = "";
	size_t before = out->n;
	int rc = buf_adds(out, "{");

	if (r->has_digest)
		digest_text(&r->digest, digest);
	rc |= text(out, "name", r->shown);
	rc |= text(out, "tag", r->tag);
	rc |= text(out, "digest", digest);
	rc |= text(out, "repository", r->repository.s);
	rc |= text(out, "kind", r->kind);
	rc |= text(out, "mediaType", r->media_type);
	rc |= text(out, "state", inventory_state_word(r->state));
	rc |= text(out, "reason", r->reason);
	rc |= platforms(out, r);
	rc |= buf_addf(out, "\"complete\":%s,\"size\":%llu,",
		       r->complete ? "true" : "false", (unsigned long long)r->bytes);
	if (r->shared >= 0)
		rc |= buf_addf(out, "\"shared\":%lld,", (long long)r->shared);
	else
		rc |= buf_adds(out, "\"shared\":null,");
	rc |= when(out, "stored", r->stored_ms);
	rc |= when(out, "checked", r->checked_ms);
	rc |= when(out, "used", r->used_ms);
	rc |= buf_addf(out, "\"uses\":%llu}\n", (unsigned long long)r->uses);
	if (rc == 0)
		return 0;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return -1;
}

/* --- back --- */

/* Another's text, which goes to a terminal: what is not printable becomes "?". */
static void take(char *to, size_t n, const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);

	snprintf(to, n, "%s", s != NULL ? s : "");
	human_ascii(to);
}

static int64_t take_time(const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);
	int64_t seconds;

	return s != NULL && httpdate_parse(view_of(s), &seconds) && seconds > 0 &&
			       seconds < INT64_MAX / 1000
		       ? seconds * 1000
		       : 0;
}

static int64_t take_number(const struct json *doc, const char *key, int64_t otherwise)
{
	int64_t n;

	return json_get_int(doc, key, &n) && n >= 0 ? n : otherwise;
}

static bool is_true(const struct json *doc, const char *key)
{
	return json_is_true(json_get(doc, key));
}

static void take_platforms(const struct json *doc, struct inventory_row *r)
{
	const struct json *all = json_get(doc, "platforms");
	char name[100];
	size_t i;

	for (i = 0; i < json_len(all) && r->nplatforms < INVENTORY_MAX_PLATFORMS; i++) {
		struct inventory_platform *p = &r->platform[r->nplatforms];

		take(name, sizeof(name), json_at(all, i), "platform");
		if (platform_parse(view_of(name), &p->platform, NULL) != 0)
			continue;
		p->complete = is_true(json_at(all, i), "complete");
		r->nplatforms++;
	}
	r->listed = (size_t)take_number(doc, "platformCount", (int64_t)r->nplatforms);
}

static const char *kind_of(const struct json *doc)
{
	static const char *const kinds[] = { "image", "index", "schema1" };
	const char *s = json_get_str(doc, "kind");
	size_t i;

	for (i = 0; s != NULL && i < ARRAY_LEN(kinds); i++)
		if (strcmp(s, kinds[i]) == 0)
			return kinds[i];
	return "";
}

int inventory_json_read(struct view line, struct inventory_row *r, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(line, NULL);
	const char *s = json_get_str(doc, "state");

	memset(r, 0, sizeof(*r));
	take(r->shown, sizeof(r->shown), doc, "name");
	if (!json_is_object(doc) || r->shown[0] == '\0' || s == NULL)
		return err_set(e, ERR_UPSTREAM,
			       "answered with something that is no row "
			       "of a list of images");
	r->state = inventory_state_of(s);
	if (r->state == INVENTORY_STATES)
		r->state = INVENTORY_UNSERVED; /* a later version's word */
	take(r->tag, sizeof(r->tag), doc, "tag");
	take(r->media_type, sizeof(r->media_type), doc, "mediaType");
	take(r->reason, sizeof(r->reason), doc, "reason");
	s = json_get_str(doc, "digest");
	r->has_digest = s != NULL && digest_parse(view_of(s), &r->digest, NULL) == 0;
	s = json_get_str(doc, "repository");
	if (s != NULL)
		reponame_parse(view_of(s), &r->repository, NULL);
	r->kind = kind_of(doc);
	take_platforms(doc, r);
	r->complete = is_true(doc, "complete");
	r->bytes = (uint64_t)take_number(doc, "size", 0);
	r->shared = take_number(doc, "shared", -1);
	r->uses = (uint64_t)take_number(doc, "uses", 0);
	r->stored_ms = take_time(doc, "stored");
	r->checked_ms = take_time(doc, "checked");
	r->used_ms = take_time(doc, "used");
	return 0;
}
