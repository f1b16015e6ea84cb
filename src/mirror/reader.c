/*
 * reader.c - the readers of a flight.
 */
#include "mirror/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mirror/flight_impl.h"

struct reader *reader_new(struct task *t, uint64_t off, int64_t size)
{
	struct reader *rd = mem_alloc(sizeof(*rd));
	struct flight *f = task_arg(t);

	rd->task = task_ref(t);
	rd->f = f;
	rd->first = rd->pos = off;
	rd->size = size;
	pthread_mutex_lock(&f->mu);
	rd->lost = f->space.view.mem_gone > f->space.view.mem_from &&
		   off < f->space.view.mem_gone;
	rd->next = f->readers;
	if (rd->next != NULL)
		rd->next->prev = rd;
	f->readers = rd;
	pthread_cond_signal(&f->moved);
	pthread_mutex_unlock(&f->mu);
	return rd;
}

bool reader_missed(struct reader *rd)
{
	bool missed;

	pthread_mutex_lock(&rd->f->mu);
	missed = rd->lost && rd->pos == rd->first;
	pthread_mutex_unlock(&rd->f->mu);
	return missed;
}

void reader_free(struct reader *rd)
{
	struct flight *f;

	if (rd == NULL)
		return;
	f = rd->f;
	pthread_mutex_lock(&f->mu);
	*(rd->prev ? &rd->prev->next : &f->readers) = rd->next;
	if (rd->next != NULL)
		rd->next->prev = rd->prev;
	pthread_cond_signal(&f->moved);
	pthread_mutex_unlock(&f->mu);
	task_unref(rd->task);
	free(rd);
}

struct bell *reader_bell(struct reader *rd)
{
	return task_bell(rd->task);
}

/* With the lock held: may the reader go on at all? */
static bool is_cut(const struct flight *f, const struct reader *rd, struct err *e)
{
	if (rd->lost) {
		err_set(e, ERR_NO_SPACE, "too slow while the disk was full");
		return true;
	}
	if (rd->old_pos > rd->first && rd->old_pos > f->differs_at) {
		err_set(e, ERR_CORRUPT, "wrong bytes had been sent from offset %llu on",
			(unsigned long long)f->differs_at);
		return true;
	}
	if (rd->size >= 0 && f->size >= 0 && rd->size != f->size) {
		err_set(e, ERR_CORRUPT, "a wrong size had been announced");
		return true;
	}
	return false;
}

ssize_t reader_read(struct reader *rd, uint64_t off, void *p, size_t n, uint64_t *seen,
		    struct err *e)
{
	const struct task_result *result;
	struct flight *f = rd->f;
	bool cut, end, second;
	struct space_view v;
	uint64_t upto;
	ssize_t got;

	*seen = bell_count(task_bell(rd->task));
	result = task_result(rd->task); /* before landed is read: see the end */
	pthread_mutex_lock(&f->mu);
	cut = is_cut(f, rd, e);
	upto = flight_released(f);
	v = f->space.view;
	second = f->second;
	end = f->proved && off >= f->landed;
	pthread_mutex_unlock(&f->mu);
	if (cut)
		return -1;
	if (off >= upto) {
		if (end)
			return 0;
		if (result == NULL)
			return -EAGAIN;
		*e = result->err;
		return -1;
	}
	got = space_read(&v, off, p, n < upto - off ? n : (size_t)(upto - off));
	if (got <= 0)
		return err_set(e, ERR_IO, "cannot read back what was downloaded");
	pthread_mutex_lock(&f->mu);
	cut = is_cut(f, rd, e); /* while we read */
	if (!cut && second != f->second)
		got = -EAGAIN; /* these bytes are no more; new ones will ring */
	else if (!cut)
		rd->pos = off + (uint64_t)got;
	if (v.mem_fd >= 0)
		pthread_cond_signal(&f->moved);
	pthread_mutex_unlock(&f->mu);
	return cut ? -1 : got;
}
