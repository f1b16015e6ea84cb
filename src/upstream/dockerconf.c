/*
 * dockerconf.c - looks a host up under the several spellings that are in use.
 */
#include "upstream/dockerconf.h"

#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

#define HUB_SERVER "https://index.docker.io/v1/"
#define AUTH_MAX_BYTES 65536

const char *dockerconf_server(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? HUB_SERVER : host;
}

/* "https://host/v1/" is an old way to write "host"; a longer path is a name space of a
 * registry (podman writes those), which is not the registry. */
static struct view bare_host(const char *key)
{
	struct view v = view_of(key);
	size_t n;

	if (view_starts(v, "https://"))
		v = view_of(key + 8);
	else if (view_starts(v, "http://"))
		v = view_of(key + 7);
	n = strcspn(v.p, "/");
	if (n < v.n) {
		struct view path = { v.p + n, v.n - n };

		if (!view_is(path, "/") && !view_is(path, "/v1/") &&
		    !view_is(path, "/v1") && !view_is(path, "/v2/") &&
		    !view_is(path, "/v2"))
			return (struct view){ "", 0 };
	}
	return (struct view){ v.p, n };
}

static const struct json *find(const struct json *object, const char *host)
{
	const struct json *v = json_get(object, dockerconf_server(host));
	const char *key;
	void *at = NULL;
	const struct json *each;

	while (v == NULL && json_each(object, &at, &key, &each)) {
		struct view bare = bare_host(key);

		if (view_is_nocase(bare, host) ||
		    (strcmp(host, "docker.io") == 0 &&
		     (view_is_nocase(bare, "index.docker.io") ||
		      view_is_nocase(bare, "registry-1.docker.io"))))
			v = each;
	}
	return v;
}

const char *dockerconf_helper(const struct json *doc, const char *host)
{
	const char *name = json_str(find(json_get(doc, "credHelpers"), host));

	if (name == NULL)
		name = json_get_str(doc, "credsStore");
	return name != NULL && *name != '\0' ? name : NULL;
}

/* base64 of user:password; trailing NULs are an old habit of Docker's. */
static int split_auth(const char *auth, struct cred *out, struct err *e)
{
	struct buf plain = BUF_INIT(AUTH_MAX_BYTES);
	const char *colon = NULL;
	int rc;

	rc = base64_decode(view_of(auth), &plain, NULL);
	if (rc == 0)
		colon = strchr(buf_str(&plain), ':');
	if (colon != NULL) {
		out->username = mem_dupn(plain.p, (size_t)(colon - plain.p));
		out->password = mem_dup(colon + 1);
	} else {
		rc = err_set(e, ERR_DENIED, "`auth` is not base64 of user:password");
	}
	if (plain.p != NULL)
		explicit_bzero(plain.p, plain.n);
	buf_done(&plain);
	return rc;
}

int dockerconf_auth(const struct json *doc, const char *host, struct cred *out,
		    struct err *e)
{
	const struct json *entry = find(json_get(doc, "auths"), host);
	const char *identity = json_get_str(entry, "identitytoken");
	const char *auth = json_get_str(entry, "auth");
	const char *username = json_get_str(entry, "username");
	const char *password = json_get_str(entry, "password");

	if (identity != NULL && *identity != '\0') {
		out->identity = mem_dup(identity);
		return 0;
	}
	if (auth != NULL && *auth != '\0')
		return split_auth(auth, out, e);
	if (username != NULL && *username != '\0' && password != NULL) {
		out->username = mem_dup(username);
		out->password = mem_dup(password);
	}
	return 0;
}

int dockerconf_answer(struct view text, struct cred *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(text, NULL);
	const char *username = json_get_str(doc, "Username");
	const char *secret = json_get_str(doc, "Secret");

	if (username == NULL || secret == NULL)
		return err_set(e, ERR_DENIED, "did not print a Username and a Secret");
	if (strcmp(username, "<token>") == 0) {
		out->identity = mem_dup(secret);
	} else {
		out->username = mem_dup(username);
		out->password = mem_dup(secret);
	}
	return 0;
}
