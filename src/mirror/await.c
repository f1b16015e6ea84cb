/*
 * await.c - a condition that bells signal.
 */
#include "mirror/await.h"

void await_init(struct await *a)
{
	pthread_mutex_init(&a->mu, NULL);
	pthread_cond_init(&a->cond, NULL);
	a->rung = false;
}

void await_done(struct await *a)
{
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->mu);
}

static void wake(void *arg)
{
	struct await_place *p = arg;
	struct await *a = p->a;

	pthread_mutex_lock(&a->mu);
	p->waiting = false;
	a->rung = true;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->mu);
}

static void set_waiting(struct await_place *p, bool waiting)
{
	pthread_mutex_lock(&p->a->mu);
	p->waiting = waiting;
	pthread_mutex_unlock(&p->a->mu);
}

bool await_add(struct await *a, struct await_place *p, struct bell *b, uint64_t seen)
{
	p->a = a;
	p->bell = b;
	p->waiter = (struct waiter){ .wake = wake, .arg = p };
	set_waiting(p, true);
	if (bell_wait(b, seen, &p->waiter))
		return true;
	set_waiting(p, false);
	return false;
}

bool await_waits(struct await_place *p)
{
	bool waiting;

	if (p->a == NULL)
		return false;
	pthread_mutex_lock(&p->a->mu);
	waiting = p->waiting;
	pthread_mutex_unlock(&p->a->mu);
	return waiting;
}

void await_any(struct await *a)
{
	pthread_mutex_lock(&a->mu);
	while (!a->rung)
		pthread_cond_wait(&a->cond, &a->mu);
	a->rung = false;
	pthread_mutex_unlock(&a->mu);
}

void await_leave(struct await_place *p)
{
	if (p->a == NULL || !await_waits(p))
		return;
	if (bell_cancel(p->bell, &p->waiter)) {
		set_waiting(p, false);
		return;
	}
	/* It is being woken at this moment. */
	pthread_mutex_lock(&p->a->mu);
	while (p->waiting)
		pthread_cond_wait(&p->a->cond, &p->a->mu);
	pthread_mutex_unlock(&p->a->mu);
}
