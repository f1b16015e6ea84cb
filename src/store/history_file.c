/*
 * history_file.c - reading and writing them, and the walk through all. No state.
 */
#include "store/history_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/note.h"

#define LINE_MAX_BYTES (24 + DIGEST_TEXT_MAX + HISTORY_FROM_MAX)
#define FILE_MAX_BYTES (HISTORY_MAX_MOVES * LINE_MAX_BYTES)
#define GROW 64

void history_file_add(struct history *h, int64_t ms, const struct digest *d,
		      const char *from)
{
	struct history_move *m;

	if (h->n % GROW == 0)
		h->move = mem_grow(h->move, (h->n + GROW) * sizeof(*h->move));
	m = &h->move[h->n++];
	*m = (struct history_move){ .ms = ms, .gone = d == NULL, .from = from };
	if (d != NULL)
		m->digest = *d;
	h->is_full = h->n >= HISTORY_MAX_MOVES;
}

/* A line, without its end, which is overwritten so that `from` is a string. */
static bool read_line(struct history *h, char *line)
{
	char *space = strchr(line, ' '), *end;
	char *from = space != NULL ? strchr(space + 1, ' ') : NULL;
	struct digest d;
	long long ms;
	bool gone;

	if (from == NULL || line[0] < '0' || line[0] > '9')
		return false;
	errno = 0;
	ms = strtoll(line, &end, 10);
	if (errno != 0 || end != space)
		return false;
	gone = from == space + 2 && space[1] == '-';
	if (!gone && digest_parse((struct view){ space + 1, (size_t)(from - space - 1) },
				  &d, NULL) != 0)
		return false;
	from++;
	if (*from == '\0' || strlen(from) >= HISTORY_FROM_MAX ||
	    strchr(from, ' ') != NULL)
		return false;
	history_file_add(h, ms, gone ? NULL : &d, from);
	return true;
}

static bool read_lines(struct history *h)
{
	char *p = h->text.p, *end = p + h->text.n;

	while (p < end) {
		char *line = p, *feed = memchr(p, '\n', (size_t)(end - p));

		if (feed == NULL || h->n >= HISTORY_MAX_MOVES)
			return false;
		*feed = '\0';
		p = feed + 1;
		if (strlen(line) != (size_t)(feed - line) || !read_line(h, line))
			return false;
	}
	return h->n > 0;
}

int history_file_read(struct store *s, const struct reponame *name, const char *tag,
		      struct history *out, struct err *e)
{
	struct history h = { .text = BUF_INIT(FILE_MAX_BYTES) };
	layout_path path;
	struct err why;

	layout_history(path, name, tag);
	if (note_read(s, path, &h.text, &why) != 0) {
		if (why.kind == ERR_LIMIT)
			why.kind = ERR_CORRUPT;
	} else if (!read_lines(&h)) {
		err_set(&why, ERR_CORRUPT, "%s is no tag's history", path);
	} else {
		*out = h;
		return 0;
	}
	history_done(&h);
	if (e != NULL)
		*e = why;
	return -1;
}

int history_file_write(struct store *s, const struct reponame *name, const char *tag,
		       const struct history *h, bool durable, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(FILE_MAX_BYTES);
	char digest[DIGEST_TEXT_MAX];
	layout_path path;
	size_t i = h->n > HISTORY_MAX_MOVES ? h->n - HISTORY_MAX_MOVES : 0;

	for (; i < h->n; i++) {
		const struct history_move *m = &h->move[i];

		if (!m->gone)
			digest_text(&m->digest, digest);
		buf_addf(&text, "%lld %s %s\n", (long long)(m->ms > 0 ? m->ms : 0),
			 m->gone ? "-" : digest, m->from);
	}
	layout_history(path, name, tag);
	return durable ? note_write(s, path, buf_view(&text), true, e)
		       : note_write_whole(s, path, buf_view(&text), e);
}

/* --- all of them --- */

struct walk {
	struct store *s;
	int (*fn)(void *arg, const struct reponame *name, const char *tag, struct err *e);
	void *arg;
	layout_path path; /* of the folder that is looked at */
	struct reponame name;
};

static int take_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct walk *w = arg;
	struct reference ref;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest)
		return 0;
	return w->fn(w->arg, &w->name, tag, e);
}

static int each_in(struct walk *w, int (*take)(void *, int, const char *, struct err *),
		   struct err *e)
{
	struct err why = { 0 };
	int rc = fs_each(w->s->dirfd, w->path, take, w, &why);

	/* Tidied away meanwhile, or a file that somebody has put there. */
	if (rc == -1 && (why.kind == ERR_NOT_FOUND))
		return 0;
	if (rc == -1 && e != NULL)
		*e = why;
	return rc;
}

static int take_part(void *arg, int dirfd, const char *part, struct err *e)
{
	struct walk *w = arg;
	size_t n = strlen(w->path);
	int more = snprintf(w->path + n, sizeof(w->path) - n, "/%s", part), rc = 0;

	if (more < 0 || (size_t)more >= sizeof(w->path) - n)
		rc = 0;
	else if (strcmp(part, "_tags") != 0)
		rc = reponame_parse(view_of(w->path + sizeof(LAYOUT_HISTORY)), &w->name,
				    NULL) == 0
			     ? each_in(w, take_part, e)
			     : 0;
	else if (n > strlen(LAYOUT_HISTORY) &&
		 reponame_parse((struct view){ w->path + sizeof(LAYOUT_HISTORY),
					       n - sizeof(LAYOUT_HISTORY) },
				&w->name, NULL) == 0)
		rc = each_in(w, take_tag, e);
	w->path[n] = '\0';
	return rc;
}

int history_file_each(struct store *s,
		      int (*fn)(void *arg, const struct reponame *name, const char *tag,
				struct err *e),
		      void *arg, struct err *e)
{
	struct walk w = { .s = s, .fn = fn, .arg = arg, .path = LAYOUT_HISTORY };

	return each_in(&w, take_part, e);
}
