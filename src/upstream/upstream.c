/*
 * upstream.c - the life of a struct upstream, its settings checked, and the process's.
 *
 * Reference counted; the settings never change after upstream_new.
 */
#include "upstream/upstream.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "upstream/gate.h"
#include "upstream/remote.h"
#include "upstream/sessions.h"
#include "upstream/tokens.h"

#define CA_MAX_BYTES (8u << 20)

int upstream_global_init(struct err *e)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_IO, "cannot set up the HTTP client");
	gate_open();
	return sessions_init(e);
}

void upstream_global_done(void)
{
	tokens_clear();
	sessions_done();
	curl_global_cleanup();
}

void upstream_cancel_all(void)
{
	gate_stop();
}

bool upstream_cancelled(void)
{
	return gate_stopped();
}

void upstream_sweep(void)
{
	sessions_sweep();
}

/* The system's authorities and the extra ones in one text, because libcurl takes one. The
 * system may have none (a bare container); then the extra ones are all. */
static int load_ca(struct upstream *u, const char *path, struct err *e)
{
	CLEANUP(buf_done)
	struct buf extra = BUF_INIT(CA_MAX_BYTES);
	CURL *h = curl_easy_init();
	char *system = NULL;

	buf_init(&u->ca, 2 * CA_MAX_BYTES);
	if (fs_read(AT_FDCWD, path, &extra, e) != 0) {
		curl_easy_cleanup(h);
		return err_add(e, "ca");
	}
	if (h != NULL)
		curl_easy_getinfo(h, CURLINFO_CAINFO, &system);
	if (system != NULL)
		fs_read(AT_FDCWD, system, &u->ca, NULL);
	curl_easy_cleanup(h);
	if (strstr(buf_str(&extra), "-----BEGIN CERTIFICATE-----") == NULL)
		return err_set(e, ERR_INVALID, "ca: no PEM certificate in %s", path);
	buf_adds(&u->ca, "\n");
	return buf_adds(&u->ca, buf_str(&extra));
}

static int or_default(int ms, int otherwise)
{
	return ms > 0 ? ms : otherwise;
}

static int check(const struct upstream_conf *conf, struct url *at, struct err *e)
{
	if (conf->host == NULL || *conf->host == '\0')
		return err_set(e, ERR_INVALID, "an upstream needs a host");
	if (conf->url == NULL || url_parse(conf->url, at, e) != 0)
		return err_set(e, ERR_INVALID,
			       "%s: url: must be http:// or https:// and a host, without "
			       "user name or password",
			       conf->host);
	if (strpbrk(conf->url, "?#") != NULL)
		return err_set(e, ERR_INVALID, "%s: url: has a query or a fragment",
			       conf->host);
	if ((conf->username == NULL) != (conf->password == NULL))
		return err_set(e, ERR_INVALID,
			       "%s: credentials: user name and password go together",
			       conf->host);
	if (conf->username != NULL && strchr(conf->username, ':') != NULL)
		return err_set(e, ERR_INVALID,
			       "%s: credentials: a colon in the user name", conf->host);
	if (account_check(conf, e) != 0)
		return -1;
	if (conf->connect_ms < 0 || conf->header_ms < 0 || conf->stall_ms < 0 ||
	    conf->slow_ms < 0)
		return err_set(e, ERR_INVALID, "%s: a negative timeout", conf->host);
	return 0;
}

struct upstream *upstream_new(const struct upstream_conf *conf, struct err *e)
{
	struct upstream *u;
	struct url at;
	size_t n;

	if (check(conf, &at, e) != 0)
		return NULL;
	u = mem_alloc(sizeof(*u));
	atomic_init(&u->refs, 1);
	u->host = mem_dup(conf->host);
	u->url = mem_dup(conf->url);
	for (n = strlen(u->url); n > 0 && u->url[n - 1] == '/'; n--)
		u->url[n - 1] = '\0';
	u->at = at;
	u->realm_host = mem_dup(conf->realm_host);
	u->is_mirror = conf->is_mirror;
	u->direct = conf->direct;
	u->limits = (struct transport_limits){
		.connect_ms = or_default(conf->connect_ms, 5000),
		.header_ms = or_default(conf->header_ms, 10000),
		.stall_ms = or_default(conf->stall_ms, 10000),
	};
	u->reserve = conf->reserve;
	u->account = account_make_all(conf, u->host, &u->n_accounts);
	u->limits.slow_ms = or_default(conf->slow_ms, 3 * u->limits.stall_ms);
	if (conf->slow_ms == 0 && u->limits.slow_ms < 30000)
		u->limits.slow_ms = 30000;
	if (conf->ca_file != NULL && load_ca(u, conf->ca_file, e) != 0) {
		err_add(e, "%s", conf->host);
		upstream_unref(u);
		return NULL;
	}
	return u;
}

struct upstream *upstream_ref(struct upstream *u)
{
	atomic_fetch_add(&u->refs, 1);
	return u;
}

void upstream_unref(struct upstream *u)
{
	if (u == NULL || atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	account_free_all(u->account, u->n_accounts);
	buf_done(&u->ca);
	free(u->host);
	free(u->url);
	free(u->realm_host);
	free(u);
}

const char *upstream_url(const struct upstream *u)
{
	return u->url;
}

bool upstream_is_mirror(const struct upstream *u)
{
	return u->is_mirror;
}

const char *upstream_host(const struct upstream *u)
{
	return u->host;
}
