/*
 * clients.c - a list of connections, looked through every few seconds.
 *
 * cs->mu guards everything, and keeps a connection's descriptor open while it is shut
 * down.
 */
#include "server/clients.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define LOOK_MS 1000
#define GONE_AT_ONCE 64 /* that one look wakes; the others wait for the next */

struct client {
	struct client *prev, *next;
	int64_t until_ms;
	int fd;
	bool busy, shut;
	_Atomic int64_t body_ms; /* when a body's last bytes came; 0: none is coming */
	struct bell *bell;	 /* NULL: not parked */
	struct waiter *waiter;
	atomic_bool *gone;
};

struct clients {
	pthread_mutex_t mu;
	struct client *first;
	struct alarms *alarms;
	bool ending;
};

/* With the lock held: parked, and its client has closed the connection? Half closed is
 * closed: no client of a registry does that and goes on reading. */
static bool has_left(const struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	return c->bell != NULL && poll(&p, 1, 0) > 0 &&
	       (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* With the lock held. */
static bool is_late(const struct client *c, int64_t now_ms)
{
	return !c->busy && !c->shut && c->until_ms <= now_ms;
}

/* With the lock held: a body is coming, and nothing more will. What is still to be read
 * was sent before the end. */
static bool has_stopped(const struct client *c, int64_t now_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
	int64_t body_ms = atomic_load(&c->body_ms);
	int unread = 0;

	if (body_ms == 0 || c->shut || c->bell != NULL)
		return false;
	if (now_ms - body_ms > CLIENTS_BODY_MS)
		return true;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 &&
	       ioctl(c->fd, FIONREAD, &unread) == 0 && unread == 0;
}

static void look(void *arg)
{
	struct waiter *woken[GONE_AT_ONCE];
	struct clients *cs = arg;
	int64_t now_ms = clock_mono_ms();
	int64_t shut = 0;
	size_t n = 0, i;
	struct client *c;
	bool ending;

	pthread_mutex_lock(&cs->mu);
	for (c = cs->first; c != NULL; c = c->next) {
		if (is_late(c, now_ms) || has_stopped(c, now_ms)) {
			c->shut = true;
			shut++;
			shutdown(c->fd, SHUT_RDWR);
		} else if (n < GONE_AT_ONCE && has_left(c) &&
			   bell_cancel(c->bell, c->waiter)) {
			atomic_store(c->gone, true);
			woken[n++] = c->waiter;
		}
	}
	ending = cs->ending;
	pthread_mutex_unlock(&cs->mu);
	for (i = 0; i < n; i++)
		woken[i]->wake(woken[i]->arg);
	if (shut + (int64_t)n > 0)
		log_event(LOG_DEBUG, "clients.closed", LU("idle", shut), LU("gone", n));
	if (!ending)
		alarms_set(cs->alarms, now_ms + LOOK_MS, look, cs);
}

struct clients *clients_new(void)
{
	struct clients *cs = mem_alloc(sizeof(*cs));

	pthread_mutex_init(&cs->mu, NULL);
	cs->alarms = alarms_new();
	alarms_set(cs->alarms, clock_mono_ms() + LOOK_MS, look, cs);
	return cs;
}

void clients_free(struct clients *cs)
{
	if (cs == NULL)
		return;
	pthread_mutex_lock(&cs->mu);
	cs->ending = true;
	pthread_mutex_unlock(&cs->mu);
	alarms_stop(cs->alarms);
	pthread_mutex_destroy(&cs->mu);
	free(cs);
}

struct client *client_add(struct clients *cs, int fd)
{
	struct client *c = mem_alloc(sizeof(*c));

	c->fd = fd;
	c->until_ms = clock_mono_ms() + CLIENTS_FIRST_MS;
	pthread_mutex_lock(&cs->mu);
	c->next = cs->first;
	if (c->next != NULL)
		c->next->prev = c;
	cs->first = c;
	pthread_mutex_unlock(&cs->mu);
	return c;
}

void client_gone(struct clients *cs, struct client *c)
{
	pthread_mutex_lock(&cs->mu);
	*(c->prev ? &c->prev->next : &cs->first) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	pthread_mutex_unlock(&cs->mu);
	free(c);
}

void client_busy(struct clients *cs, struct client *c)
{
	pthread_mutex_lock(&cs->mu);
	c->busy = true;
	pthread_mutex_unlock(&cs->mu);
}

void client_idle(struct clients *cs, struct client *c)
{
	pthread_mutex_lock(&cs->mu);
	c->busy = false;
	c->until_ms = clock_mono_ms() + CLIENTS_NEXT_MS;
	pthread_mutex_unlock(&cs->mu);
}

void client_body(struct client *c, bool more)
{
	atomic_store(&c->body_ms, more ? clock_mono_ms() : 0);
}

void client_park(struct clients *cs, struct client *c, struct bell *b, struct waiter *w,
		 atomic_bool *gone)
{
	pthread_mutex_lock(&cs->mu);
	c->bell = b;
	c->waiter = w;
	c->gone = gone;
	pthread_mutex_unlock(&cs->mu);
}

void client_unpark(struct clients *cs, struct client *c)
{
	pthread_mutex_lock(&cs->mu);
	c->bell = NULL;
	pthread_mutex_unlock(&cs->mu);
}
