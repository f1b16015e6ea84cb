/*
 * reach.c - from tags to manifests, then from subjects to what is about them, until
 * nothing is added.
 */
#include "store/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/layout.h"
#include "store/marks.h"
#include "store/mstore.h"
#include "store/tag.h"
#include "store/walk.h"

#define MARK_BYTES (8u << 20)
#define MEMO_MAX 20000 /* manifests */
#define DEPTH 4	       /* of indexes in indexes */
#define ROUNDS 8       /* of what is about what is about ... */

struct reach {
	struct store *s;
	const struct reponame *name;
	struct reach_memo *memo;
	struct marks *marks;
	bool all;   /* too many to tell apart */
	bool moved; /* something was added in this round */
	bool (*without)(void *arg, const char *tag);
	void *arg;
};

bool reach_tag_is_about(const char *tag, struct digest *about)
{
	char text[DIGEST_TEXT_MAX];
	size_t hex = strncmp(tag, "sha512-", 7) == 0 ? 128 : 64;
	int n = snprintf(text, sizeof(text), "%.6s:%.*s", tag, (int)hex, tag + 7);

	if ((strncmp(tag, "sha256-", 7) != 0 && hex == 64) || n != (int)(7 + hex))
		return false;
	return (tag[n] == '\0' || tag[n] == '.' || tag[n] == '-') &&
	       digest_parse(view_of(text), about, NULL) == 0;
}

static void add(struct reach *r, const struct digest *d, int depth);

/* --- what a manifest says --- */

struct said {
	enum { SAID_NOT_THERE, SAID_NOTHING /* not to be read */, SAID } what;
	bool has_subject;
	struct digest subject;
	size_t n;
	struct digest *manifest; /* that an index names */
};

struct reach_memo {
	struct map *by_digest; /* to struct said */
};

static void said_free(void *x)
{
	struct said *said = x;

	free(said->manifest);
	free(said);
}

struct reach_memo *reach_memo_new(void)
{
	struct reach_memo *m = mem_alloc(sizeof(*m));

	m->by_digest = map_new(MEMO_MAX);
	return m;
}

void reach_memo_free(struct reach_memo *m)
{
	if (m == NULL)
		return;
	map_free(m->by_digest, said_free);
	free(m);
}

static void note_said(struct said *said, const struct manifest *parsed)
{
	size_t i;

	said->what = SAID;
	said->has_subject = parsed->has_subject;
	said->subject = parsed->subject;
	for (i = 0; i < parsed->nchildren; i++)
		said->n += parsed->child[i].is_manifest;
	if (said->n == 0)
		return;
	said->manifest = mem_alloc(said->n * sizeof(*said->manifest));
	for (i = 0, said->n = 0; i < parsed->nchildren; i++)
		if (parsed->child[i].is_manifest)
			said->manifest[said->n++] = parsed->child[i].digest;
}

static struct said *said_read(struct reach *r, const struct digest *d)
{
	struct said *said = mem_alloc(sizeof(*said));
	struct manifest parsed;
	struct stored *m;
	struct err why;

	if (mstore_peek(r->s, r->name, d, &m, &why) != 0) {
		said->what = why.kind == ERR_NOT_FOUND ? SAID_NOT_THERE : SAID_NOTHING;
		return said;
	}
	said->what = SAID_NOTHING;
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		note_said(said, &parsed);
		manifest_done(&parsed);
	}
	stored_unref(m);
	return said;
}

/* *own is due for said_free, where it is not NULL. */
static const struct said *look(struct reach *r, const struct digest *d, struct said **own)
{
	char key[DIGEST_TEXT_MAX];
	struct said *said;

	*own = NULL;
	digest_text(d, key);
	said = r->memo != NULL ? map_get(r->memo->by_digest, key) : NULL;
	if (said != NULL)
		return said;
	said = said_read(r, d);
	if (r->memo == NULL || map_put(r->memo->by_digest, key, said) != 0)
		*own = said;
	return said;
}

/* --- who is reached --- */

/* Of an index, what it names. */
static void follow(struct reach *r, const struct digest *d, int depth)
{
	struct said *own;
	const struct said *said = look(r, d, &own);
	size_t i;

	for (i = 0; i < said->n; i++)
		add(r, &said->manifest[i], depth + 1);
	if (own != NULL)
		said_free(own);
}

static void add(struct reach *r, const struct digest *d, int depth)
{
	if (r->all || marks_has(r->marks, d))
		return;
	if (!marks_add(r->marks, d)) {
		r->all = true;
		return;
	}
	r->moved = true;
	if (depth < DEPTH)
		follow(r, d, depth);
}

static int take_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct reach *r = arg;
	struct reference ref;
	struct digest d, about;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest ||
	    (r->without != NULL && r->without(r->arg, tag)))
		return 0;
	if (reach_tag_is_about(tag, &about) && !marks_has(r->marks, &about))
		return 0;
	if (tag_get(r->s, r->name, tag, &d, NULL) == 0)
		add(r, &d, 0);
	return 0;
}

/* Is it about one that is reached, or can that not be known? */
static int take_manifest(void *arg, const struct digest *d, struct err *e)
{
	struct reach *r = arg;
	const struct said *said;
	struct said *own;

	if (r->all || marks_has(r->marks, d))
		return 0;
	said = look(r, d, &own);
	if (said->what == SAID_NOTHING ||
	    (said->has_subject && marks_has(r->marks, &said->subject)))
		add(r, d, 0);
	if (own != NULL)
		said_free(own);
	return 0;
}

static int each_tag(struct reach *r, struct err *e)
{
	layout_path path;
	struct err why;

	layout_tags(path, r->name);
	if (fs_each(r->s->dirfd, path, take_tag, r, &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

struct reach *reach_new(struct store *s, const struct reponame *name,
			bool (*without)(void *arg, const char *tag), void *arg,
			const struct digest *root, size_t nroots, struct reach_memo *memo,
			struct err *e)
{
	struct reach *r = mem_alloc(sizeof(*r));
	int rounds = 0, rc = 0;
	size_t i;

	*r = (struct reach){ .s = s,
			     .name = name,
			     .memo = memo,
			     .marks = marks_new(MARK_BYTES),
			     .without = without,
			     .arg = arg };
	for (i = 0; i < nroots; i++)
		add(r, &root[i], 0);
	do {
		r->moved = false;
		rc = each_tag(r, e);
		if (rc == 0)
			rc = walk_links(s, LINK_REVISION, name, take_manifest, r, e);
	} while (rc == 0 && r->moved && !r->all && ++rounds < ROUNDS);
	r->all = r->all || rounds == ROUNDS;
	if (rc == 0)
		return r;
	reach_free(r);
	return NULL;
}

void reach_free(struct reach *r)
{
	if (r == NULL)
		return;
	marks_free(r->marks);
	free(r);
}

bool reach_has(const struct reach *r, const struct digest *d)
{
	return r->all || marks_has(r->marks, d);
}
