/*
 * login.c - logins remembered, compared, and put off.
 *
 * ls->mu guards the tables. Keys are keyed hashes (HMAC-SHA-256 with a key of this
 * process), so that no table holds what could be turned back into a password.
 */
#include "server/login.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "codec/hash.h"

#define THREADS 2
#define KEY_TEXT 65

struct logins {
	unsigned char key[HASH_MAC_BYTES];
	struct pool *pool;
	struct tasks *tasks;
	metric_cell *wrong;
	pthread_mutex_t mu;
	uint64_t
		generation; /* guarded by mu, as all below: grows when all is forgotten */
	struct map *good;   /* key of user and password: struct good */
	struct map *errors; /* key of address, or of address and user: struct errors */
};

struct good {
	int64_t until_ms;
};

struct errors {
	unsigned n;
	int64_t last_ms;  /* when it was wrong last */
	int64_t until_ms; /* not compared before */
};

struct attempt {
	struct logins *home;
	struct htpasswd *users;
	uint64_t generation;
	char *user, *password;
	char key[KEY_TEXT], by_user[KEY_TEXT], by_address[KEY_TEXT];
};

struct logins *logins_new(void)
{
	struct logins *ls = mem_alloc(sizeof(*ls));

	hash_random(ls->key, sizeof(ls->key));
	ls->pool = pool_new("login", THREADS, LOGIN_MAX_QUEUED);
	ls->tasks = tasks_new(ls->pool, 2 * LOGIN_MAX_QUEUED);
	ls->wrong =
		metrics_cell(metrics_family(METRIC_COUNTER, "larder_login_failures_total",
					    "", "Wrong user names or passwords"),
			     0, 0, 0, 0);
	pthread_mutex_init(&ls->mu, NULL);
	ls->good = map_new(LOGIN_MAX_KNOWN);
	ls->errors = map_new(LOGIN_MAX_KNOWN);
	return ls;
}

static void free_value(void *value)
{
	free(value);
}

void logins_stop(struct logins *ls)
{
	if (ls == NULL)
		return;
	pool_stop(ls->pool);
	tasks_free(ls->tasks);
	map_free(ls->good, free_value);
	map_free(ls->errors, free_value);
	pthread_mutex_destroy(&ls->mu);
	explicit_bzero(ls, sizeof(*ls));
	free(ls);
}

static bool drop_all(void *value, void *arg)
{
	free(value);
	return true;
}

void logins_forget(struct logins *ls)
{
	pthread_mutex_lock(&ls->mu);
	ls->generation++;
	map_sweep(ls->good, drop_all, NULL);
	pthread_mutex_unlock(&ls->mu);
}

static void make_key(const struct logins *ls, char kind, const char *a, const char *b,
		     char out[KEY_TEXT])
{
	char *text = mem_fmt("%c%s%c%s", kind, a, '\0', b);
	unsigned char mac[HASH_MAC_BYTES];
	size_t i, n = strlen(a) + strlen(b) + 2;

	hash_mac(ls->key, text, n, mac);
	explicit_bzero(text, n);
	free(text);
	for (i = 0; i < sizeof(mac); i++)
		snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

/* --- tables, with the lock held --- */

static bool good_is_old(void *value, void *arg)
{
	struct good *g = value;

	if (g->until_ms > *(int64_t *)arg)
		return false;
	free(g);
	return true;
}

static bool errors_are_old(void *value, void *arg)
{
	struct errors *x = value;

	if (x->last_ms + 2 * LOGIN_MAX_WAIT_MS > *(int64_t *)arg)
		return false;
	free(x);
	return true;
}

static void remember_good(struct logins *ls, const char *key)
{
	int64_t now_ms = clock_mono_ms();
	struct good *g = map_get(ls->good, key);

	if (g == NULL) {
		if (map_count(ls->good) >= LOGIN_MAX_KNOWN)
			map_sweep(ls->good, good_is_old, &now_ms);
		if (map_count(ls->good) >= LOGIN_MAX_KNOWN)
			map_sweep(ls->good, drop_all, NULL);
		g = mem_alloc(sizeof(*g));
		map_put(ls->good, key, g);
	}
	g->until_ms = now_ms + LOGIN_REMEMBERED_MS;
}

static void note_error(struct logins *ls, const char *key, unsigned free_tries)
{
	int64_t now_ms = clock_mono_ms(), wait_ms = 1000;
	struct errors *x = map_get(ls->errors, key);
	unsigned over;

	if (x == NULL) {
		if (map_count(ls->errors) >= LOGIN_MAX_KNOWN)
			map_sweep(ls->errors, errors_are_old, &now_ms);
		if (map_count(ls->errors) >= LOGIN_MAX_KNOWN)
			map_sweep(ls->errors, drop_all, NULL);
		x = mem_alloc(sizeof(*x));
		map_put(ls->errors, key, x);
	}
	if (x->last_ms + 2 * LOGIN_MAX_WAIT_MS < now_ms)
		x->n = 0;
	x->n++;
	x->last_ms = now_ms;
	for (over = free_tries; over < x->n && wait_ms < LOGIN_MAX_WAIT_MS; over++)
		wait_ms *= 2;
	if (x->n >= free_tries)
		x->until_ms = now_ms +
			      (wait_ms < LOGIN_MAX_WAIT_MS ? wait_ms : LOGIN_MAX_WAIT_MS);
}

static int64_t wait_of(struct logins *ls, const char *key)
{
	struct errors *x = map_get(ls->errors, key);
	int64_t ms = x != NULL ? x->until_ms - clock_mono_ms() : 0;

	return ms > 0 ? ms : 0;
}

/* --- comparing --- */

static void run(struct task *t, void *arg, struct task_result *out)
{
	struct attempt *a = arg;
	struct logins *ls = a->home;
	bool good = htpasswd_verify(a->users, a->user, a->password);

	pthread_mutex_lock(&ls->mu);
	if (good && a->generation == ls->generation) {
		remember_good(ls, a->key);
		free(map_del(ls->errors, a->by_user));
	} else if (!good) {
		note_error(ls, a->by_user, LOGIN_FREE_TRIES);
		note_error(ls, a->by_address, LOGIN_FREE_TRIES_ALL);
	}
	pthread_mutex_unlock(&ls->mu);
	if (good)
		return;
	metrics_add(ls->wrong, 1);
	out->rc = err_set(&out->err, ERR_DENIED, "wrong user name or password");
	out->linger_ms = 1000; /* those who asked with it are told by it */
}

static void attempt_free(void *arg)
{
	struct attempt *a = arg;

	htpasswd_unref(a->users);
	explicit_bzero(a->password, strlen(a->password));
	free(a->password);
	free(a->user);
	free(a);
}

static struct task *start(struct logins *ls, struct attempt *a, struct err *e)
{
	bool started;

	return tasks_start(ls->tasks, a->key, run, a, attempt_free, &started, e);
}

enum login_state logins_check(struct logins *ls, struct htpasswd *users, const char *user,
			      const char *password, const char *from, bool first,
			      struct task **wait, int *retry_s)
{
	struct attempt *a = mem_alloc(sizeof(*a));
	const struct task_result *result;
	int64_t wait_ms, other_ms;
	struct good *g;
	struct task *t;
	struct err e;
	bool good;

	*a = (struct attempt){ .home = ls, .users = htpasswd_ref(users) };
	a->user = mem_dup(user);
	a->password = mem_dup(password);
	make_key(ls, 'p', user, password, a->key);
	make_key(ls, 'u', from, user, a->by_user);
	make_key(ls, 'a', from, "", a->by_address);
	pthread_mutex_lock(&ls->mu);
	g = map_get(ls->good, a->key);
	good = g != NULL && g->until_ms > clock_mono_ms();
	wait_ms = wait_of(ls, a->by_user);
	other_ms = wait_of(ls, a->by_address);
	a->generation = ls->generation;
	pthread_mutex_unlock(&ls->mu);
	if (other_ms > wait_ms)
		wait_ms = other_ms;
	if (good) {
		attempt_free(a);
		return LOGIN_GOOD;
	}
	t = tasks_find(ls->tasks, a->key);
	if (t == NULL && wait_ms > 0) {
		attempt_free(a);
		*retry_s = (int)((wait_ms + 999) / 1000);
		return first ? LOGIN_LATER : LOGIN_BAD;
	}
	if (t != NULL)
		attempt_free(a);
	else
		t = start(ls, a, &e);
	if (t == NULL) {
		*retry_s = 1;
		return LOGIN_LATER;
	}
	result = task_result(t);
	if (result != NULL && result->rc != 0) {
		task_unref(t);
		return LOGIN_BAD;
	}
	*wait = t;
	return LOGIN_WAIT;
}
