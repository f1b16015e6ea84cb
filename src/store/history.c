/*
 * history.c - a tag's moves: noted beside the tag, read together with the tag's links.
 *
 * Files are read, changed and written under flock(2) on LAYOUT_HISTORY, by one at a time
 * of all threads and processes; it is held for one small write. Readers need no lock.
 */
#include "store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "store/history_file.h"
#include "store/layout.h"
#include "store/list.h"
#include "store/tag.h"

#define FOUND_MAX (2 * HISTORY_MAX_MOVES)

/* --- what the links tell --- */

struct link {
	struct digest digest;
	int64_t ms;
};

struct finding {
	struct store *s;
	const struct reponame *name;
	const char *tag;
	const struct history *h;
	int64_t after_ms;
	const char *alg;
	struct link *link;
	size_t n;
};

static int by_time(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->ms < y->ms ? -1 : x->ms > y->ms;
}

/* 0: it is not there, or torn. */
static int64_t file_time(struct store *s, const char *path)
{
	struct stat st;

	if (fstatat(s->dirfd, path, &st, 0) != 0 ||
	    (S_ISREG(st.st_mode) && st.st_size == 0))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static bool is_noted(const struct history *h, const struct digest *d)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (!h->move[i].gone && digest_equal(&h->move[i].digest, d))
			return true;
	return false;
}

static int take_link(void *arg, int dirfd, const char *hex, struct err *e)
{
	struct finding *f = arg;
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct link found;

	if ((size_t)snprintf(text, sizeof(text), "%s:%s", f->alg, hex) >= sizeof(text) ||
	    digest_parse(view_of(text), &found.digest, NULL) != 0)
		return 0;
	layout_tag_index(path, f->name, f->tag, &found.digest);
	found.ms = file_time(f->s, path);
	if (found.ms == 0 || found.ms <= f->after_ms || is_noted(f->h, &found.digest))
		return 0;
	if (f->n == FOUND_MAX) { /* the older half is more than a history holds */
		qsort(f->link, f->n, sizeof(*f->link), by_time);
		f->n -= HISTORY_MAX_MOVES;
		memmove(f->link, f->link + HISTORY_MAX_MOVES, f->n * sizeof(*f->link));
	}
	f->link[f->n++] = found;
	return 0;
}

/* When the tag was last set to where it is. */
static int64_t set_time(struct store *s, const struct reponame *name, const char *tag,
			const struct digest *now)
{
	layout_path path;
	int64_t ms;

	layout_tag_index(path, name, tag, now);
	ms = file_time(s, path);
	if (ms != 0)
		return ms;
	layout_tag(path, name, tag);
	return file_time(s, path);
}

/* The tag is at *now. What of its way there was not noted, as far as its links tell: a
 * crash, another program, a store from before. Where it is now comes last, and no earlier
 * than what was noted, whatever the times say. True: there was something. */
static bool catch_up(struct store *s, const struct reponame *name, const char *tag,
		     const struct digest *now, struct history *h)
{
	static const char *const algs[] = { "sha256", "sha512" };
	const struct history_move *last = h->n > 0 ? &h->move[h->n - 1] : NULL;
	struct finding f = { .s = s, .name = name, .tag = tag, .h = h };
	layout_path folder, path;
	int64_t ms;
	size_t i;

	if (last != NULL && !last->gone && digest_equal(&last->digest, now))
		return false;
	f.after_ms = last != NULL ? last->ms : 0;
	f.link = mem_alloc(FOUND_MAX * sizeof(*f.link));
	layout_tag_folder(folder, name, tag);
	for (i = 0; i < ARRAY_LEN(algs); i++) {
		f.alg = algs[i];
		if ((size_t)snprintf(path, sizeof(path), "%s/index/%s", folder, algs[i]) <
		    sizeof(path))
			fs_each(s->dirfd, path, take_link, &f, NULL);
	}
	if (f.n > 0)
		qsort(f.link, f.n, sizeof(*f.link), by_time);
	ms = set_time(s, name, tag, now);
	ms = ms > f.after_ms ? ms : f.after_ms;
	for (i = 0; i < f.n; i++) {
		if (digest_equal(&f.link[i].digest, now))
			continue;
		history_file_add(h, f.link[i].ms, &f.link[i].digest, HISTORY_LINKS);
		ms = f.link[i].ms > ms ? f.link[i].ms : ms;
	}
	free(f.link);
	history_file_add(h, ms, now, HISTORY_LINKS);
	return true;
}

/* --- reading --- */

void history_done(struct history *h)
{
	free(h->move);
	h->move = NULL;
	h->n = 0;
	buf_done(&h->text);
}

/* A torn file counts as none. */
static void read_file(struct store *s, const struct reponame *name, const char *tag,
		      struct history *h)
{
	layout_path path;
	struct err why;

	*h = (struct history){ 0 };
	if (history_file_read(s, name, tag, h, &why) == 0 || why.kind != ERR_CORRUPT)
		return;
	layout_history(path, name, tag);
	store_torn(s, path);
}

/* There is no such tag. What was pushed goes only when it is deleted, and that could not
 * be noted if it is not (no space): a while before its neighbours last came or went. */
static void catch_up_gone(struct store *s, const struct reponame *name, struct history *h)
{
	const struct history_move *last = h->n > 0 ? &h->move[h->n - 1] : NULL;
	layout_path tags;
	int64_t ms;

	if (last == NULL || last->gone || strcmp(last->from, HISTORY_PUSH) != 0)
		return;
	layout_tags(tags, name);
	ms = file_time(s, tags);
	if (ms == 0)
		ms = clock_wall_ms();
	history_file_add(h, ms > last->ms ? ms : last->ms, NULL, HISTORY_LINKS);
}

int history_read(struct store *s, const struct reponame *name, const char *tag,
		 struct history *out, struct err *e)
{
	struct err why = { 0 };
	struct digest now;
	struct history h;

	read_file(s, name, tag, &h);
	if (tag_get(s, name, tag, &now, &why) == 0)
		catch_up(s, name, tag, &now, &h);
	else if (why.kind == ERR_NOT_FOUND)
		catch_up_gone(s, name, &h);
	if (h.n == 0) {
		history_done(&h);
		return err_set(e, ERR_NOT_FOUND,
			       "nothing is known of where %s:%s has been: it begins "
			       "with the first time that the tag is pulled or pushed "
			       "here",
			       name->s, tag);
	}
	*out = h;
	return 0;
}

const struct history_move *history_at(const struct history *h, int64_t wall_ms)
{
	size_t i;

	for (i = h->n; i > 0; i--)
		if (h->move[i - 1].ms <= wall_ms)
			return &h->move[i - 1];
	return NULL;
}

int64_t history_since_ms(const struct history *h)
{
	int64_t ms = h->move[0].ms;
	size_t i;

	for (i = 1; i < h->n; i++)
		ms = h->move[i].ms < ms ? h->move[i].ms : ms;
	return ms;
}

int history_resolve(struct store *s, const struct reponame *name, const char *tag,
		    int64_t wall_ms, struct digest *out, struct err *e)
{
	const struct history_move *m;
	char when[24], then[24];
	struct history h;
	int rc = 0;

	if (history_read(s, name, tag, &h, e) != 0)
		return -1;
	m = history_at(&h, wall_ms);
	httpdate_format_iso(wall_ms / 1000, when);
	httpdate_format_iso((m != NULL ? m->ms : history_since_ms(&h)) / 1000, then);
	if (m == NULL)
		rc = err_set(e, ERR_NOT_FOUND,
			     "where %s:%s was at %s is not known: its history %s %s",
			     name->s, tag, when,
			     h.is_full ? "is kept since" : "begins at", then);
	else if (m->gone)
		rc = err_set(e, ERR_NOT_FOUND,
			     "there was no %s:%s at %s: it was deleted at %s", name->s,
			     tag, when, then);
	else
		*out = m->digest;
	history_done(&h);
	return rc;
}

/* --- changing --- */

static int lock(struct store *s, int *fd, struct err *e)
{
	if (fs_mkdirs(s->dirfd, LAYOUT_HISTORY, false, e) != 0)
		return -1;
	*fd = fs_open_dir(s->dirfd, LAYOUT_HISTORY, e);
	if (*fd < 0)
		return -1;
	while (flock(*fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return err_errno(e, "cannot lock %s", LAYOUT_HISTORY);
	return 0;
}

struct move {
	const struct digest *was; /* where it is by its link, or NULL */
	const struct digest *to;  /* NULL: nowhere */
	int64_t ms;
	const char *from; /* NULL: only what was missing is noted */
};

static int write_moves(struct store *s, const struct reponame *name, const char *tag,
		       const struct move *mv, struct err *e)
{
	CLEANUP(history_done)
	struct history h;
	bool more;

	read_file(s, name, tag, &h);
	more = mv->was != NULL && catch_up(s, name, tag, mv->was, &h);
	if (mv->from != NULL) {
		const struct history_move *last = h.n > 0 ? &h.move[h.n - 1] : NULL;
		bool same = last != NULL && last->gone == (mv->to == NULL) &&
			    (mv->to == NULL || digest_equal(&last->digest, mv->to));

		if (!same)
			history_file_add(&h, mv->ms, mv->to, mv->from);
		more = more || !same;
	}
	return more ? history_file_write(s, name, tag, &h,
					 mv->from != NULL && mv->to == NULL, e)
		    : 0;
}

/* What cannot be noted is found out by the tag's links, mostly. */
static void note(struct store *s, const struct reponame *name, const char *tag,
		 const struct move *mv)
{
	CLEANUP(mem_closep)
	int fd = -1;
	struct err e;

	if (lock(s, &fd, &e) != 0 || write_moves(s, name, tag, mv, &e) != 0)
		log_event(LOG_WARN, "history.not_noted", LS("repository", name->s),
			  LS("tag", tag), LS("error", e.msg));
}

int history_set(struct store *s, const struct reponame *name, const char *tag,
		const struct digest *d, int64_t wall_ms, const char *from, struct err *e)
{
	struct digest was;
	bool had = tag_get(s, name, tag, &was, NULL) == 0;

	/* Before its links get new times. */
	if (had)
		note(s, name, tag, &(struct move){ .was = &was });
	if (tag_set(s, name, tag, d, e) != 0)
		return -1;
	if (!had || !digest_equal(&was, d))
		note(s, name, tag,
		     &(struct move){ .to = d, .ms = wall_ms, .from = from });
	return 0;
}

static void note_gone(struct store *s, const struct reponame *name, const char *tag,
		      int64_t wall_ms, const char *from)
{
	struct digest was;
	bool had = tag_get(s, name, tag, &was, NULL) == 0;

	if (had || tag_time(s, name, tag) != 0)
		note(s, name, tag,
		     &(struct move){
			     .was = had ? &was : NULL, .ms = wall_ms, .from = from });
}

int history_remove(struct store *s, const struct reponame *name, const char *tag,
		   int64_t wall_ms, const char *from, struct err *e)
{
	note_gone(s, name, tag, wall_ms, from);
	return tag_remove(s, name, tag, e);
}

int history_drop(struct store *s, const struct reponame *name, const char *tag,
		 int64_t wall_ms, const char *from, struct removal *r, struct err *e)
{
	note_gone(s, name, tag, wall_ms, from);
	return tag_drop(s, name, tag, r, e);
}

/* --- a repository's --- */

static int take_name(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct buf *out = arg;
	struct reference ref;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest)
		return 0;
	return buf_add(out, tag, strlen(tag) + 1) == 0
		       ? 0
		       : err_set(e, ERR_LIMIT, "too many tags");
}

int history_names(struct store *s, const struct reponame *name, struct buf *out,
		  struct err *e)
{
	CLEANUP(buf_done)
	struct buf all = BUF_INIT(LIST_MAX_BYTES);
	struct err why = { 0 };
	layout_path path;
	bool more;

	layout_histories(path, name);
	if ((fs_each(s->dirfd, path, take_name, &all, &why) != 0 &&
	     why.kind != ERR_NOT_FOUND) ||
	    (list_tags(s, name, "", SIZE_MAX, &all, &more, &why) != 0 &&
	     why.kind != ERR_NOT_FOUND)) {
		*e = why;
		return -1;
	}
	if (all.n == 0)
		return err_set(e, ERR_NOT_FOUND, "no tag of %s has ever been here",
			       name->s);
	return list_page(buf_view(&all), "", SIZE_MAX, out, &more, e);
}

int history_tags(struct store *s, const struct reponame *name, int64_t wall_ms,
		 struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	int64_t since_ms = INT64_MAX;
	char since[24], when[24];
	const char *tag;

	if (history_names(s, name, &names, e) != 0)
		return -1;
	for (tag = buf_str(&names); tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1) {
		const struct history_move *m;
		struct history h;
		int64_t begins_ms;

		if (history_read(s, name, tag, &h, NULL) != 0)
			continue;
		m = history_at(&h, wall_ms);
		begins_ms = history_since_ms(&h);
		since_ms = begins_ms < since_ms ? begins_ms : since_ms;
		if (m != NULL && !m->gone)
			buf_add(out, tag, strlen(tag) + 1); /* it fits with the others */
		history_done(&h);
	}
	if (since_ms <= wall_ms)
		return 0;
	httpdate_format_iso(wall_ms / 1000, when);
	if (since_ms == INT64_MAX)
		return err_set(e, ERR_NOT_FOUND, "no tag of %s can be read", name->s);
	httpdate_format_iso(since_ms / 1000, since);
	return err_set(e, ERR_NOT_FOUND,
		       "which tags %s had at %s is not known: its history begins at %s",
		       name->s, when, since);
}
