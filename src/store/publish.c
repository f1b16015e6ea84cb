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

/* Tags first: one that outlived the manifest would come back with it. */
static int remove_tags_at(struct store *s, const struct reponame *name,
			  const struct digest *d, const char *from, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	struct digest at;
	const char *tag;
	struct err why;
	bool more;

	if (list_tags(s, name, "", SIZE_MAX, &names, &more, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	for (tag = buf_str(&names); tag < buf_str(&names) + names.n;
	     tag += strlen(tag) + 1)
		if (tag_get(s, name, tag, &at, NULL) == 0 && digest_equal(&at, d) &&
		    remove_tag(s, name, tag, from, e) != 0)
			return -1;
	return 0;
}

/* Nothing depends on this: an entry without its manifest is passed over. */
static void forget_referrer(struct store *s, const struct reponame *name,
			    const struct digest *d)
{
	struct manifest parsed;
	struct stored *m;

	if (mstore_get(s, name, d, &m, NULL) != 0)
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
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	if (!link_exists(s, LINK_REVISION, name, d))
		return err_set(e, ERR_NOT_FOUND, "manifest %s is not in %s", text,
			       name->s);
	if (remove_tags_at(s, name, d, from, e) != 0)
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
