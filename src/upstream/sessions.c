/*
 * sessions.c - a short list of idle sessions, newest first, and the caches all share.
 *
 * mu guards the list; closing a connection happens outside it. share_mu are the locks
 * that libcurl takes, by kind of data, around the DNS and TLS session caches.
 */
#include "upstream/sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct session *idle; /* guarded by mu; newest first */
static CURLSH *share;
static pthread_mutex_t share_mu[CURL_LOCK_DATA_LAST];

static void share_lock(CURL *h, curl_lock_data data, curl_lock_access access, void *arg)
{
	pthread_mutex_lock(&share_mu[data]);
}

static void share_unlock(CURL *h, curl_lock_data data, void *arg)
{
	pthread_mutex_unlock(&share_mu[data]);
}

int sessions_init(struct err *e)
{
	size_t i;

	if (share != NULL)
		return 0;
	share = curl_share_init();
	if (share == NULL)
		return err_set(e, ERR_IO, "cannot set up the HTTP client");
	for (i = 0; i < ARRAY_LEN(share_mu); i++)
		pthread_mutex_init(&share_mu[i], NULL);
	curl_share_setopt(share, CURLSHOPT_LOCKFUNC, share_lock);
	curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, share_unlock);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return 0;
}

static void session_free(struct session *s)
{
	if (s == NULL)
		return;
	curl_easy_cleanup(s->easy);
	curl_multi_cleanup(s->multi);
	free(s->key);
	free(s);
}

static void free_list(struct session *s)
{
	while (s != NULL) {
		struct session *next = s->next;

		session_free(s);
		s = next;
	}
}

/* With mu held: cut off what is too old or too many. The caller frees it without mu. */
static struct session *cut_old(void)
{
	int64_t oldest = clock_mono_ms() - SESSIONS_MAX_AGE_MS;
	struct session **at = &idle, *old;
	unsigned n = 0;

	while (*at != NULL && n < SESSIONS_MAX_IDLE && (*at)->idle_since_ms > oldest) {
		at = &(*at)->next;
		n++;
	}
	old = *at;
	*at = NULL;
	return old;
}

static struct session *session_new(const char *key)
{
	struct session *s = mem_alloc(sizeof(*s));

	s->multi = curl_multi_init();
	s->easy = curl_easy_init();
	s->key = mem_dup(key);
	if (s->multi == NULL || s->easy == NULL) {
		session_free(s);
		return NULL;
	}
	curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 1L);
	curl_easy_setopt(s->easy, CURLOPT_SHARE, share);
	return s;
}

struct session *sessions_take(const char *key)
{
	struct session **at, *s, *old;

	pthread_mutex_lock(&mu);
	old = cut_old();
	for (at = &idle; (s = *at) != NULL; at = &s->next)
		if (strcmp(s->key, key) == 0)
			break;
	if (s != NULL) {
		*at = s->next;
	}
	pthread_mutex_unlock(&mu);
	free_list(old);
	return s != NULL ? s : session_new(key);
}

void sessions_give(struct session *s, bool keep)
{
	struct session *old;

	if (!keep) {
		session_free(s);
		return;
	}
	curl_easy_reset(s->easy);
	s->idle_since_ms = clock_mono_ms();
	pthread_mutex_lock(&mu);
	s->next = idle;
	idle = s;
	old = cut_old();
	pthread_mutex_unlock(&mu);
	free_list(old);
}

void sessions_sweep(void)
{
	struct session *old;

	pthread_mutex_lock(&mu);
	old = cut_old();
	pthread_mutex_unlock(&mu);
	free_list(old);
}

void sessions_done(void)
{
	struct session *all;

	pthread_mutex_lock(&mu);
	all = TAKE(idle);
	pthread_mutex_unlock(&mu);
	free_list(all);
	if (share != NULL)
		curl_share_cleanup(TAKE(share));
}
