/*
 * lock_items.c - images as a lock file names them. No state.
 */
#include "app/lock_items.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mirror/named.h"

const char *lock_result_word(enum lock_result r)
{
	static const char *const words[LOCK_RESULTS] = {
		"none",	   "new",      "moved", "same",	   "kept",
		"removed", "digest",   "stale", "ok",	   "drift",
		"missing", "unlocked", "gone",	"unknown", "failed",
	};

	return words[r];
}

/* By the name that a lock file has for it. */
static int find_name(struct lock_item *it, struct plan *p, struct err *e)
{
	const struct imageref *image = &it->arg->im.image;
	struct imageref *to = &it->entry.image;
	struct route r;

	if (named_route(p, image, &r, e) != 0)
		return -1;
	*to = *image;
	if (r.site != NULL) {
		memcpy(to->host, r.site->host, sizeof(to->host));
		to->name = r.remote;
	} else {
		err_set(e, ERR_INVALID,
			"%s lives here (larder.local): its tags move only when somebody "
			"pushes here",
			r.name.s);
	}
	route_done(&r);
	return r.site != NULL ? 0 : -1;
}

static void make(struct lock_item *it, struct plan *p, const struct lockfile *l)
{
	const struct lockfile_entry *have;

	if (it->arg->bad) {
		it->result = LOCK_FAILED;
		it->err = it->arg->im.err;
		return;
	}
	if (it->arg->im.image.tag[0] == '\0') {
		it->result = LOCK_BY_DIGEST;
		return;
	}
	if (find_name(it, p, &it->err) != 0) {
		it->result = LOCK_FAILED;
		return;
	}
	it->named = true;
	have = lockfile_find(l, it->entry.image.host, it->entry.image.name.s,
			     it->entry.image.tag);
	it->had = have != NULL;
	if (it->had)
		it->before = have->image.digest;
}

void lock_items_make(struct lock_items *items, const struct imageargs *args,
		     struct plan *p, const struct lockfile *l)
{
	size_t i;

	items->item = mem_alloc((args->n + 1) * sizeof(*items->item));
	items->n = args->n;
	for (i = 0; i < args->n; i++) {
		items->item[i].arg = args->arg[i];
		make(&items->item[i], p, l);
	}
}

void lock_items_done(struct lock_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		free(items->item[i].entry.media_type);
		free(items->item[i].entry.platform);
		free(items->item[i].entry.wish);
		free(items->item[i].entry.from);
	}
	free(items->item);
	*items = (struct lock_items){ NULL, 0 };
}

size_t lock_items_count(const struct lock_items *items, enum lock_result r)
{
	size_t i, n = 0;

	for (i = 0; i < items->n; i++)
		n += items->item[i].result == r;
	return n;
}
