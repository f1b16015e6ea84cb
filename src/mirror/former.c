/*
 * former.c - the tag's own list of digests (store/layout.h), by the time of their links.
 */
#include "mirror/former.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/mstore.h"

#define DEPTH 4 /* of indexes in indexes */

/* One question; an index may name the same one ten thousand times, and that one too. */
struct looks {
	struct store *s;
	const struct reponame *name;
	size_t *left; /* bytes of manifests that may still be read */
};

static bool is_whole(struct looks *l, const struct digest *d, int depth);

/* -1: it is not here, or no manifest. */
static int load(struct looks *l, const struct digest *d, struct manifest *out)
{
	size_t n;

	if (*l->left == 0 || mstore_parsed(l->s, l->name, d, out, &n, NULL) != 0)
		return -1;
	*l->left -= n < *l->left ? n : *l->left;
	return 0;
}

static bool has_all(struct store *s, const struct manifest *m)
{
	size_t i;

	for (i = 0; i < m->nchildren; i++)
		if (!m->child[i].is_foreign && !blob_exists(s, &m->child[i].digest, NULL))
			return false;
	return true;
}

static bool has_one(struct looks *l, const struct manifest *m, int depth)
{
	size_t i;

	for (i = 0; i<m->nchildren && * l->left> 0; i++)
		if (m->child[i].is_manifest && !m->child[i].is_attestation &&
		    is_whole(l, &m->child[i].digest, depth + 1))
			return true;
	return m->nchildren == 0;
}

static bool is_whole(struct looks *l, const struct digest *d, int depth)
{
	struct manifest parsed;
	bool whole;

	if (depth > DEPTH || load(l, d, &parsed) != 0)
		return false;
	whole = parsed.kind == MANIFEST_INDEX ? has_one(l, &parsed, depth)
					      : has_all(l->s, &parsed);
	manifest_done(&parsed);
	return whole;
}

static bool serves(struct looks *l, const struct digest *d, const struct platform *wanted)
{
	const struct child *c;
	struct manifest m;
	bool yes;

	if (load(l, d, &m) != 0)
		return false;
	c = m.kind == MANIFEST_INDEX && wanted->os[0] != '\0'
		    ? manifest_platform(&m, wanted)
		    : NULL;
	if (c != NULL)
		yes = is_whole(l, &c->digest, 1);
	else
		yes = m.kind == MANIFEST_INDEX ? has_one(l, &m, 0) : has_all(l->s, &m);
	manifest_done(&m);
	return yes;
}

/* Has f every platform that is whole of the other index? */
static bool has_those_of(struct looks *l, const struct manifest *f,
			 const struct manifest *other)
{
	size_t i;

	for (i = 0; i < other->nchildren; i++) {
		const struct child *c = &other->child[i], *mine;

		if (!c->is_manifest || c->is_attestation || !is_whole(l, &c->digest, 1))
			continue;
		mine = manifest_platform(f, &c->platform);
		if (mine == NULL || !is_whole(l, &mine->digest, 1))
			return false;
	}
	return *l->left > 0;
}

static bool covers(struct looks *l, const struct digest *d, const struct digest *now)
{
	struct manifest f, other;
	bool yes = true;

	if (load(l, now, &other) != 0)
		return true;
	if (other.kind == MANIFEST_INDEX) {
		yes = load(l, d, &f) == 0;
		if (yes) {
			yes = f.kind == MANIFEST_INDEX ? has_those_of(l, &f, &other)
						       : !has_one(l, &other, 0);
			manifest_done(&f);
		}
	}
	manifest_done(&other);
	return yes;
}

bool former_is_whole_within(struct store *s, const struct reponame *name,
			    const struct digest *d, size_t *left)
{
	struct looks l = { s, name, left };

	return is_whole(&l, d, 0);
}

bool former_is_whole(struct store *s, const struct reponame *name, const struct digest *d)
{
	size_t left = FORMER_MAX_BYTES;

	return former_is_whole_within(s, name, d, &left);
}

struct finding {
	struct store *s;
	const struct reponame *name;
	const char *tag;
	const struct digest *now;
	struct {
		struct digest digest;
		int64_t ms;
	} at[FORMER_LOOKS]; /* the latest first */
	size_t n;
};

static void insert(struct finding *f, const struct digest *d, int64_t ms)
{
	size_t i = f->n < FORMER_LOOKS ? f->n++ : FORMER_LOOKS - 1;

	if (i == FORMER_LOOKS - 1 && f->at[i].ms > ms)
		return;
	for (; i > 0 && f->at[i - 1].ms < ms; i--)
		f->at[i] = f->at[i - 1];
	f->at[i].digest = *d;
	f->at[i].ms = ms;
}

static int take(void *arg, int dirfd, const char *hex, struct err *e)
{
	struct finding *f = arg;
	char text[DIGEST_TEXT_MAX] = "sha256:";
	layout_path path;
	struct digest d;
	struct stat st;

	if (strlen(hex) >= DIGEST_HEX_MAX)
		return 0;
	memcpy(text + 7, hex, strlen(hex) + 1);
	if (digest_parse(view_of(text), &d, NULL) != 0 || digest_equal(&d, f->now))
		return 0;
	layout_tag_index(path, f->name, f->tag, &d);
	if (fstatat(f->s->dirfd, path, &st, 0) == 0 && st.st_size > 0)
		insert(f, &d,
		       (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
	return 0;
}

bool former_find(struct store *s, const struct reponame *name, const char *tag,
		 const struct digest *now, const struct platform *wanted,
		 struct digest *out)
{
	struct finding f = { .s = s, .name = name, .tag = tag, .now = now };
	size_t left = FORMER_MAX_BYTES, i;
	struct looks l = { s, name, &left };
	layout_path path;

	if (serves(&l, now, wanted))
		return false;
	/* "…/index/sha256/<hex>/link", without the last two. */
	layout_tag_index(path, name, tag, now);
	for (i = 0; i < 2; i++)
		*strrchr(path, '/') = '\0';
	fs_each(s->dirfd, path, take, &f, NULL);
	for (i = 0; i < f.n; i++) {
		if (!serves(&l, &f.at[i].digest, wanted) ||
		    !covers(&l, &f.at[i].digest, now))
			continue;
		*out = f.at[i].digest;
		return true;
	}
	return false;
}
