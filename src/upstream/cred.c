/*
 * cred.c - one source per upstream: what it last said, and whether that still holds.
 *
 * The gate's lock guards the fields of struct cred_source from `busy` on. One thread at a
 * time loads (busy), without the lock.
 */
#include "upstream/cred.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/hash.h"
#include "codec/json.h"
#include "upstream/dockerconf.h"
#include "upstream/gate.h"
#include "upstream/helper.h"

#define CONFIG_MAX_BYTES (1u << 20)
#define HELPER_KEEP_MS (5 * 60 * 1000)
#define FAILURE_KEEP_MS 30000 /* a broken helper is not run for every request */

/* Which content of the file; all zero: no file. */
struct stamp {
	int64_t mtime_s, mtime_ns, size, inode;
};

struct cred_source {
	char *host, *path; /* path NULL: no file to look in */
	struct cred fixed; /* of the settings */
	bool busy;
	bool known; /* now or failure is the answer, for stamp, until keep_until_ms */
	struct cred now;
	struct err failure; /* kind ERR_NONE: there was none */
	struct stamp stamp;
	int64_t keep_until_ms;
};

static void wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void cred_done(struct cred *c)
{
	wipe(TAKE(c->username));
	wipe(TAKE(c->password));
	wipe(TAKE(c->identity));
	c->id[0] = '\0';
}

bool cred_is_none(const struct cred *c)
{
	return c->username == NULL && c->identity == NULL;
}

static void cred_copy(const struct cred *from, struct cred *to)
{
	*to = (struct cred){ mem_dup(from->username), mem_dup(from->password),
			     mem_dup(from->identity), "" };
	memcpy(to->id, from->id, sizeof(to->id));
}

static void hash_string(struct hash *h, const char *s)
{
	hash_add(h, s != NULL ? s : "", (s != NULL ? strlen(s) : 0) + 1);
}

static void hash_strings(const char *const s[3], char out[65])
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char sum[HASH_MAX_BYTES];
	size_t i;

	for (i = 0; i < 3; i++)
		hash_string(h, s[i]);
	hash_final(h, sum);
	for (i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void set_id(struct cred *c)
{
	if (!cred_is_none(c))
		hash_strings((const char *[]){ c->username, c->password, c->identity },
			     c->id);
}

void cred_account(const struct cred *c, char user[64], char id[65])
{
	const char *shown = c->username != NULL	  ? c->username
			    : c->identity != NULL ? "(identity token)"
						  : "";
	size_t i;

	for (i = 0; shown[i] != '\0' && i < 63; i++)
		user[i] = (char)(shown[i] >= ' ' && shown[i] <= '~' ? shown[i] : '.');
	user[i] = '\0';
	id[0] = '\0';
	if (c->username != NULL)
		hash_strings((const char *[]){ "user", c->username, "" }, id);
	else if (c->identity != NULL)
		hash_strings((const char *[]){ "token", c->identity, "" }, id);
}

bool cred_is_fixed(const struct cred_source *s)
{
	return s->path == NULL;
}

struct cred_source *cred_source_new(const char *host, const char *username,
				    const char *password, const char *docker_config)
{
	struct cred_source *s = mem_alloc(sizeof(*s));

	s->host = mem_dup(host);
	if (username != NULL && *username != '\0') {
		s->fixed.username = mem_dup(username);
		s->fixed.password = mem_dup(password != NULL ? password : "");
		set_id(&s->fixed);
	} else {
		s->path = mem_dup(docker_config);
	}
	return s;
}

void cred_source_free(struct cred_source *s)
{
	if (s == NULL)
		return;
	cred_done(&s->fixed);
	cred_done(&s->now);
	free(s->host);
	free(s->path);
	free(s);
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_size,
			       (int64_t)st.st_ino };
}

static int ask_helper(const char *name, const char *host, struct cred *out, struct err *e)
{
	struct buf text = BUF_INIT(HELPER_MAX_OUTPUT);
	int status = 0, rc;

	if (!helper_name_ok(name))
		return err_set(e, ERR_DENIED, "not a name for a credential helper");
	rc = helper_get(name, dockerconf_server(host), &text, &status, e);
	/* The protocol has no better way to say "I have none". */
	if (rc == 0 && status != 0 && strstr(buf_str(&text), "not found") == NULL)
		rc = err_set(e, ERR_DENIED, "docker-credential-%s: exit status %d", name,
			     status);
	else if (rc == 0 && status == 0)
		rc = dockerconf_answer(buf_view(&text), out, e);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_done(&text);
	return rc;
}

static int load(const struct cred_source *s, struct cred *out, int64_t *keep_ms,
		struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	const char *helper;
	int rc;

	rc = fs_read(AT_FDCWD, s->path, &text, e);
	if (rc == 0 && (doc = json_parse(buf_view(&text), e)) == NULL)
		rc = -1;
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_done(&text);
	if (rc != 0)
		return -1;
	helper = dockerconf_helper(doc, s->host);
	if (helper != NULL) {
		*keep_ms = HELPER_KEEP_MS;
		if (ask_helper(helper, s->host, out, e) != 0)
			return -1;
	}
	/* Docker too looks in the file for what its store does not have. */
	return cred_is_none(out) ? dockerconf_auth(doc, s->host, out, e) : 0;
}

/* Called without the lock, by the thread that set busy. */
static void load_and_keep(struct cred_source *s, struct stamp stamp)
{
	struct cred c = { 0 };
	struct err why = { 0 };
	int64_t keep_ms = INT32_MAX; /* as long as the file stays as it is */

	if (stamp.inode != 0 && load(s, &c, &keep_ms, &why) != 0) {
		keep_ms = FAILURE_KEEP_MS;
		cred_done(&c);
		if (why.kind != ERR_CANCELLED)
			why.kind = ERR_DENIED;
		err_add(&why, "credentials from %s", s->path);
	}
	set_id(&c);
	gate_lock();
	cred_done(&s->now);
	s->now = c;
	s->failure = why;
	s->stamp = stamp;
	s->keep_until_ms = clock_mono_ms() + keep_ms;
	s->known = why.kind != ERR_CANCELLED;
	s->busy = false;
	gate_ring();
	gate_unlock();
}

/* With the lock held. Is what is known still true? Then *rc, with *out or *e, is the
 * answer. */
static bool answered(struct cred_source *s, const struct stamp *stamp, struct cred *out,
		     struct err *e, int *rc)
{
	if (!s->known || memcmp(&s->stamp, stamp, sizeof(*stamp)) != 0 ||
	    clock_mono_ms() >= s->keep_until_ms)
		return false;
	*rc = s->failure.kind == ERR_NONE ? 0 : -1;
	if (*rc == 0)
		cred_copy(&s->now, out);
	else if (e != NULL)
		*e = s->failure;
	return true;
}

int cred_get(struct cred_source *s, int64_t deadline_ms, struct cred *out, struct err *e)
{
	struct stamp stamp;
	int64_t end = clock_mono_ms() + HELPER_LIMIT_MS + 1000;
	int rc = 0;

	*out = (struct cred){ 0 };
	if (s->path == NULL) {
		cred_copy(&s->fixed, out);
		return 0;
	}
	if (deadline_ms > 0 && deadline_ms < end)
		end = deadline_ms;
	stamp = stamp_of(s->path);
	gate_lock();
	while (!answered(s, &stamp, out, e, &rc)) {
		if (gate_stopped()) {
			rc = gate_stopped_err(e);
			break;
		}
		if (!s->busy) {
			s->busy = true;
			gate_unlock();
			load_and_keep(s, stamp);
			gate_lock();
		} else if (!gate_wait(end) && !gate_stopped()) {
			rc = err_set(e, ERR_UPSTREAM, "the credential helper is slow");
			break;
		}
	}
	gate_unlock();
	return rc;
}
