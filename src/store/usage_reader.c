/*
 * usage_reader.c - what is written of uses, read. No state but the reader's.
 */
#include "store/usage.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/usedb.h"

#define WAIT_MS 2000 /* for another's writing */

struct usage_reader {
	struct usedb *db; /* NULL: nothing is known */
};

struct usage_reader *usage_reader_open(struct store *s)
{
	struct usage_reader *r = mem_alloc(sizeof(*r));
	char *path = mem_fmt("%s/" LAYOUT_USAGE, s->root);
	struct err e;

	if (usedb_open(path, false, WAIT_MS, &r->db, &e) != 0) {
		r->db = NULL;
		if (e.kind != ERR_NOT_FOUND)
			log_event(LOG_WARN, "usage.not_read", LS("path", path),
				  LS("error", e.msg));
	}
	free(path);
	return r;
}

void usage_reader_close(struct usage_reader *r)
{
	if (r == NULL)
		return;
	usedb_close(r->db);
	free(r);
}

struct used usage_reader_get(struct usage_reader *r, const struct reponame *name,
			     const char *ref)
{
	struct used u = { 0 };

	if (r->db != NULL &&
	    usedb_get(r->db, name->s, ref, &u.times, &u.last_ms, NULL) != 1)
		u = (struct used){ 0 };
	return u;
}
