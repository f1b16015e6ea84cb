/*
 * ask_tags.c - the tags of a repository.
 */
#include "mirror/ask_tags.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mirror/mirror_impl.h"
#include "store/list.h"

#define TAGS_MAX_BYTES (8u << 20)

static void free_names(void *value)
{
	buf_done(value);
	free(value);
}

static void run_tags(struct task *t, void *arg, struct task_result *out)
{
	struct work *w = arg;
	struct buf *names = mem_alloc(sizeof(*names));
	int rc;

	buf_init(names, TAGS_MAX_BYTES);
	rc = upstream_list_tags(w->route.site->up, &w->route.remote,
				task_started_ms(t) + VISIT_DEADLINE_MS, names, &out->err);
	out->value = names;
	out->value_free = free_names;
	/* Long lists are not kept long, so that many of them cannot pile up. */
	out->linger_ms = names->n > (256u << 10) ? 2000 : 30000;
	visit_work_over(out, w, rc);
}

static enum answer local_tags(struct mirror *m, const struct route *r, struct buf *out,
			      struct err *e)
{
	bool more;

	if (list_tags(m->store, &r->name, "", SIZE_MAX, out, &more, e) == 0)
		return ANSWER_READY;
	if (e->kind == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND, "there is no repository %s here", r->name.s);
	return ANSWER_FAILED;
}

enum answer ask_tags(struct mirror *m, const struct route *r, struct visit *v,
		     struct buf *out, struct err *e)
{
	const struct task_result *result;
	enum answer answer;
	struct work *w;
	struct buf *names;
	bool started;
	visit_key key;
	struct err why;

	if (r->site == NULL)
		return local_tags(m, r, out, e);
	w = visit_work(m, r, v);
	w->want = UPSTREAM_WANT_LIST; /* it is free, and ours is no copy of it */
	snprintf(key, sizeof(key), "l %s", r->name.s);
	answer = visit_join(v, key, run_tags, w, &started, e) != NULL
			 ? visit_look(v, &result, e)
			 : ANSWER_FAILED;
	if (answer == ANSWER_WAIT)
		return answer;
	if (answer == ANSWER_FAILED) {
		if (local_tags(m, r, out, &why) != ANSWER_READY)
			return ANSWER_FAILED;
		v->outcome = OUTCOME_STALE;
		return ANSWER_READY;
	}
	names = result->value;
	if (buf_add(out, buf_str(names), names->n) != 0) {
		err_set(e, ERR_LIMIT, "%s has more tags than fit an answer", r->name.s);
		return ANSWER_FAILED;
	}
	return ANSWER_READY;
}
