/*
 * trustroot_read.c - trusted_root.json and PEM files.
 */
#include "trust/trustroot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "codec/json.h"
#include "codec/pem.h"
#include "trust/members.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.trustedroot"

/* --- times --- */

/* "2023-04-14T21:38:40Z", with or without a fraction (RFC 3339, as protobuf writes it).
 */
static int read_time(const struct json *v, int64_t absent, int64_t *out, struct err *e)
{
	const char *text = json_str(v);
	struct tm tm = { 0 };
	char zone;
	int n = 0;

	*out = absent;
	if (v == NULL)
		return 0;
	if (text == NULL ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6)
		return err_set(e, ERR_INVALID, "a validFor that is no time");
	if (text[n] == '.')
		n += 1 + (int)strspn(text + n + 1, "0123456789");
	zone = text[n];
	if (zone != 'Z' || text[n + 1] != '\0' || tm.tm_mon < 1 || tm.tm_mon > 12)
		return err_set(e, ERR_INVALID, "a validFor that is no time in UTC");
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = (int64_t)timegm(&tm);
	return 0;
}

static int read_window(const struct json *o, int64_t *from_s, int64_t *until_s,
		       struct err *e)
{
	const struct json *window = json_get(o, "validFor");

	return read_time(json_get(window, "start"), INT64_MIN, from_s, e) == 0
		       ? read_time(json_get(window, "end"), INT64_MAX, until_s, e)
		       : -1;
}

/* --- authorities --- */

static int read_cert(const struct json *o, struct cert **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);

	return members_bytes(o, "rawBytes", &der, e) == 0
		       ? cert_read_der(buf_view(&der), out, e)
		       : -1;
}

/* The chain as it is written: the root last. */
static int read_authority(const struct json *o, struct trustroot_authority *out,
			  struct err *e)
{
	const struct json *certs = json_get(json_get(o, "certChain"), "certificates");
	size_t i, n = json_len(certs);
	struct cert *c;

	if (n == 0)
		return err_set(e, ERR_INVALID, "an authority without certificates");
	for (i = 0; i < n; i++)
		if (read_cert(json_at(certs, i), &c, e) != 0 ||
		    cert_list_add(i + 1 < n ? &out->between : &out->roots, c, e) != 0)
			return -1;
	return read_window(o, &out->from_s, &out->until_s, e);
}

static int read_authorities(const struct json *list, struct trustroot_authority *to,
			    size_t *n, struct err *e)
{
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		if (*n == TRUSTROOT_MAX)
			return err_set(e, ERR_LIMIT, "more than %d authorities",
				       TRUSTROOT_MAX);
		if (read_authority(json_at(list, i), &to[(*n)++], e) != 0)
			return -1;
	}
	return 0;
}

/* --- logs --- */

static void host_of(const char *url, char out[TRUSTROOT_HOST_MAX])
{
	const char *at = url != NULL ? strstr(url, "://") : NULL;
	size_t n;

	out[0] = '\0';
	if (at == NULL)
		return;
	at += 3;
	n = strcspn(at, ":/?#");
	if (n < TRUSTROOT_HOST_MAX)
		snprintf(out, TRUSTROOT_HOST_MAX, "%.*s", (int)n, at);
}

static int read_log(const struct json *o, struct trustroot_log *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(PUBKEY_MAX_BYTES);
	const struct json *key = json_get(o, "publicKey");

	if (members_fixed(json_get(o, "logId"), "keyId", out->id, sizeof(out->id), e) !=
		    0 ||
	    members_bytes(key, "rawBytes", &der, e) != 0 ||
	    read_window(key, &out->from_s, &out->until_s, e) != 0)
		return -1;
	host_of(json_get_str(o, "baseUrl"), out->host);
	/* One that cannot be read is a log of which nothing will be believed. */
	return pubkey_read_der(buf_view(&der), &out->key, NULL) == 0 ? 0 : 1;
}

static int read_logs(const struct json *list, struct trustroot_log *to, size_t *n,
		     struct err *e)
{
	size_t i;
	int rc;

	for (i = 0; i < json_len(list); i++) {
		if (*n == TRUSTROOT_MAX)
			return err_set(e, ERR_LIMIT, "more than %d logs", TRUSTROOT_MAX);
		rc = read_log(json_at(list, i), &to[*n], e);
		if (rc < 0)
			return err_add(e, "a log");
		*n += rc == 0;
	}
	return 0;
}

static bool is_version(const char *type)
{
	return type != NULL && (strcmp(type, MEDIA_TYPE "+json;version=0.1") == 0 ||
				strcmp(type, MEDIA_TYPE ".v0.1+json") == 0 ||
				strcmp(type, MEDIA_TYPE ".v0.2+json") == 0);
}

int trustroot_read_json(struct trustroot *t, struct view json, struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = json_parse(json, e);

	if (o == NULL)
		return -1;
	if (!is_version(json_get_str(o, "mediaType")))
		return err_set(e, ERR_INVALID,
			       "its mediaType is not that of a trust root (" MEDIA_TYPE
			       "+json;version=0.1)");
	if (read_authorities(json_get(o, "certificateAuthorities"), t->authority,
			     &t->nauthorities, e) != 0 ||
	    read_authorities(json_get(o, "timestampAuthorities"), t->clock, &t->nclocks,
			     e) != 0 ||
	    read_logs(json_get(o, "tlogs"), t->log, &t->nlogs, e) != 0 ||
	    read_logs(json_get(o, "ctlogs"), t->ctlog, &t->nctlogs, e) != 0)
		return -1;
	return t->nauthorities > 0 || t->nlogs > 0
		       ? 0
		       : err_set(e, ERR_INVALID, "it names no authority and no log");
}

/* --- PEM --- */

int trustroot_read_ca(struct trustroot *t, struct view pem, struct err *e)
{
	struct trustroot_authority *a = &t->authority[t->nauthorities];
	struct cert_list all = { .n = 0 };
	size_t i;

	if (t->nauthorities == TRUSTROOT_MAX)
		return err_set(e, ERR_LIMIT, "more than %d authorities", TRUSTROOT_MAX);
	if (cert_list_read(&all, pem, PEM_FILE, e) != 0) {
		cert_list_done(&all);
		return -1;
	}
	memset(a, 0, sizeof(*a));
	a->from_s = INT64_MIN;
	a->until_s = INT64_MAX;
	t->nauthorities++;
	for (i = 0; i < all.n; i++)
		cert_list_add(cert_is_self_issued(all.cert[i]) ? &a->roots : &a->between,
			      all.cert[i], e);
	return a->roots.n > 0 ? 0
			      : err_set(e, ERR_INVALID,
					"none of its certificates is a root (whose "
					"issuer is itself)");
}

int trustroot_read_log(struct trustroot *t, struct view pem, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(PUBKEY_MAX_BYTES);
	char label[PEM_LABEL_MAX];
	size_t found = 0;
	int rc;

	while ((rc = pem_next(&pem, PEM_FILE, label, &der, e)) == 1) {
		struct trustroot_log *log = &t->log[t->nlogs];

		if (strcmp(label, "PUBLIC KEY") != 0)
			continue;
		if (t->nlogs == TRUSTROOT_MAX)
			return err_set(e, ERR_LIMIT, "more than %d logs", TRUSTROOT_MAX);
		memset(log, 0, sizeof(*log));
		if (pubkey_read_der(buf_view(&der), &log->key, e) != 0)
			return -1;
		memcpy(log->id, pubkey_id(log->key), sizeof(log->id));
		log->from_s = INT64_MIN;
		log->until_s = INT64_MAX;
		t->nlogs++;
		found++;
	}
	if (rc == 0 && found == 0)
		return err_set(e, ERR_INVALID, "no PUBLIC KEY in PEM form");
	return rc;
}
