/*
 * publish.c - putting and removing manifests and tags.
 *
 * A repository's changes are made under one of a few locks, chosen by its name. They are
 * held across the disk's work: only threads that may block come here.
 */
#include "store/publish.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/history.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/list.h"
#include "store/mstore.h"
#include "store/referrers.h"
#include "store/tag.h"

#define LOCKS 64
#define TAGGED_BYTES (8u << 20)

struct publishing {
	struct store *store;
	pthread_mutex_t mu[LOCKS]; /* each guards the manifests and tags of its names */
};

struct publishing *publishing_new(struct store *s)
{
	struct publishing *p = mem_alloc(sizeof(*p));
	size_t i;

	p->store = s;
	for (i = 0; i < LOCKS; i++)
		pthread_mutex_init(&p->mu[i], NULL);
	return p;
}

void publishing_free(struct publishing *p)
{
	size_t i;

	for (i = 0; p != NULL && i < LOCKS; i++)
		pthread_mutex_destroy(&p->mu[i]);
	free(p);
}

static pthread_mutex_t *lock(struct publishing *p, const struct reponame *name)
{
	size_t h = 5381;
	const char *c;

	for (c = name->s; *c != '\0'; c++)
		h = h * 33 + (unsigned char)*c;
	pthread_mutex_lock(&p->mu[h % LOCKS]);
	return &p->mu[h % LOCKS];
}

static bool has(struct store *s, const struct reponame *name, const struct child *c)
{
	return c->is_manifest ? link_exists(s, LINK_REVISION, name, &c->digest) &&
					keep_blob(s, &c->digest)
			      : keep_link(s, name, &c->digest);
}

int publish_check(struct store *s, const struct reponame *name,
		  const struct manifest *parsed, bool sparse, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	size_t i;

	for (i = 0; i < parsed->nchildren; i++) {
		const struct child *c = &parsed->child[i];

		if (c->is_foreign || (sparse && parsed->kind == MANIFEST_INDEX) ||
		    has(s, name, c))
			continue;
		digest_text(&c->digest, text);
		return err_set(e, ERR_NOT_FOUND,
			       "the manifest names %s %s, which is not in %s; push it "
			       "first",
			       c->is_manifest ? "manifest" : "blob", text, name->s);
	}
	return 0;
}

static int put(struct store *s, const struct reponame *name, struct stored *m,
	       const struct manifest *parsed, const char *const *tags, size_t ntags,
	       const char *from, struct err *e)
{
	size_t i;

	if (mstore_push(s, name, m, parsed, e) != 0)
		return -1;
	if (parsed->has_subject &&
	    referrers_add(s, name, &parsed->subject, &m->digest, e) != 0)
		return -1;
	for (i = 0; i < ntags; i++)
		if (history_set(s, name, tags[i], &m->digest, clock_wall_ms(), from, e) !=
		    0)
			return -1;
	return 0;
}

int publish_put(struct publishing *p, const struct reponame *name, struct stored *m,
		const struct manifest *parsed, const char *const *tags, size_t ntags,
		const char *from, struct err *e)
{
	pthread_mutex_t *mu = lock(p, name);
	int rc = put(p->store, name, m, parsed, tags, ntags, from, e);

	pthread_mutex_unlock(mu);
	return rc;
}

static int remove_tag(struct store *s, const struct reponame *name, const char *tag,
		      const char *from, struct err *e)
{
	return from != NULL ? history_remove(s, name, tag, clock_wall_ms(), from, e)
			    : tag_remove(s, name, tag, e);
}

/* fn with each tag that can be read, and where it is. */
static int each_tag(struct store *s, const struct reponame *name,
		    int (*fn)(void *arg, const char *tag, const struct digest *at,
			      struct err *e),
		    void *arg, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	struct digest at;
	const char *tag;
	struct err why;
	bool more;
	int rc = 0;

	if (list_tags(s, name, "", SIZE_MAX, &names, &more, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	for (tag = buf_str(&names); rc == 0 && tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1)
		if (tag_get(s, name, tag, &at, NULL) == 0)
			rc = fn(arg, tag, &at, e);
	return rc;
}

struct removing {
	struct store *s;
	const struct reponame *name;
	const struct digest *manifest;
	const char *from;
};

static int remove_if_at(void *arg, const char *tag, const struct digest *at,
			struct err *e)
{
	const struct removing *w = arg;

	return digest_equal(at, w->manifest) ? remove_tag(w->s, w->name, tag, w->from, e)
					     : 0;
}

/* Nothing depends on this: an entry without its manifest is passed over. */
static void forget_referrer(struct store *s, const struct reponame *name,
			    const struct digest *d)
{
	struct manifest parsed;
	struct stored *m;

	if (mstore_peek(s, name, d, &m, NULL) != 0)
		return;
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		if (parsed.has_subject)
			referrers_remove(s, name, &parsed.subject, d, NULL);
		manifest_done(&parsed);
	}
	stored_unref(m);
}

static int remove_one(struct store *s, const struct reponame *name,
		      const struct digest *d, const char *from, struct err *e)
{
	struct removing w = { s, name, d, from };
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (!link_exists(s, LINK_REVISION, name, d))
		return err_set(e, ERR_NOT_FOUND, "manifest %s is not in %s", text,
			       name->s);
	/* Tags first: one that outlived the manifest would come back with it. */
	if (each_tag(s, name, remove_if_at, &w, e) != 0)
		return -1;
	forget_referrer(s, name, d);
	return link_remove(s, LINK_REVISION, name, d, e);
}

int publish_remove(struct publishing *p, const struct reponame *name,
		   const struct digest *d, const char *from, struct err *e)
{
	pthread_mutex_t *mu = lock(p, name);
	int rc = remove_one(p->store, name, d, from, e);

	pthread_mutex_unlock(mu);
	return rc;
}

int publish_untag(struct publishing *p, const struct reponame *name, const char *tag,
		  const char *from, struct err *e)
{
	pthread_mutex_t *mu = lock(p, name);
	int rc = remove_tag(p->store, name, tag, from, e);

	pthread_mutex_unlock(mu);
	return rc;
}

/* --- many --- */

struct dropping {
	struct store *s;
	const struct reponame *name;
	const struct marks *manifests;
	const char *from;
	struct removal *r;
	struct marks *tagged;
};

/* What has gone meanwhile is no error. */
static int gone_is_fine(int rc, const struct err *why, struct err *e)
{
	if (rc == 0 || why->kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = *why;
	return -1;
}

static int drop_tag(const struct dropping *w, const char *tag, struct err *e)
{
	struct err why;
	int rc = w->from != NULL ? history_drop(w->s, w->name, tag, clock_wall_ms(),
						w->from, w->r, &why)
				 : tag_drop(w->s, w->name, tag, w->r, &why);

	return gone_is_fine(rc, &why, e);
}

static int drop_if_at(void *arg, const char *tag, const struct digest *at, struct err *e)
{
	const struct dropping *w = arg;

	return marks_has(w->manifests, at) ? drop_tag(w, tag, e) : 0;
}

/* It may have been moved since it was chosen: then it is another image. */
static bool is_still(const struct dropping *w, const struct publish_tag *t)
{
	struct digest at;
	bool has = tag_get(w->s, w->name, t->tag, &at, NULL) == 0;

	return has == (t->at != NULL) && (!has || digest_equal(&at, t->at));
}

int publish_drop_tags(struct publishing *p, const struct reponame *name,
		      const struct publish_tag *tag, size_t ntags,
		      const struct marks *manifests, const char *from, struct removal *r,
		      struct err *e)
{
	struct dropping w = { p->store, name, manifests, from, r, NULL };
	pthread_mutex_t *mu = lock(p, name);
	size_t i;
	int rc = 0;

	for (i = 0; i < ntags && rc == 0; i++)
		if (is_still(&w, &tag[i]))
			rc = drop_tag(&w, tag[i].tag, e);
	if (rc == 0 && marks_count(manifests) > 0)
		rc = each_tag(p->store, name, drop_if_at, &w, e);
	pthread_mutex_unlock(mu);
	return rc;
}

static int note_tagged(void *arg, const char *tag, const struct digest *at, struct err *e)
{
	const struct dropping *w = arg;

	return marks_add(w->tagged, at)
		       ? 0
		       : err_set(e, ERR_LIMIT, "%s has too many tags", w->name->s);
}

int publish_drop(struct publishing *p, const struct reponame *name,
		 const struct digest *d, size_t n, struct removal *r, struct err *e)
{
	struct dropping w = { .s = p->store, .name = name, .r = r };
	pthread_mutex_t *mu = lock(p, name);
	struct err why;
	size_t i;
	int rc;

	w.tagged = marks_new(TAGGED_BYTES);
	rc = each_tag(p->store, name, note_tagged, &w, e);
	for (i = 0; i < n && rc == 0; i++) {
		if (marks_has(w.tagged, &d[i]))
			continue;
		forget_referrer(p->store, name, &d[i]);
		rc = gone_is_fine(
			link_drop(p->store, LINK_REVISION, name, &d[i], r, &why), &why,
			e);
	}
	pthread_mutex_unlock(mu);
	marks_free(w.tagged);
	return rc;
}
