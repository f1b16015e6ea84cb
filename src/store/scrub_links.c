/*
 * scrub_links.c - one repository's links and tags.
 *
 * A link's path is the truth, its content only repeats it: so one that is torn is written
 * again. A tag's digest stands in two more places, the folder of all it ever had (index/)
 * and, of a mirrored one, the note of its last check; those say what it was.
 */
#include "store/scrub_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/tag.h"

#define LINK_MAX 256

static const char *const algs[] = { "sha256", "sha512" };

/* A folder whose entries are folders of links. */
struct links {
	struct scrub *r;
	const char *alg;
	layout_path path;
	bool layers;
	/* of a tag's index: the newest that leads to something */
	struct digest *newest;
	struct timespec when;
	bool found;
	int n;
};

static bool join(layout_path out, const char *folder, const char *name)
{
	return (size_t)snprintf(out, LAYOUT_PATH_MAX, "%s/%s", folder, name) <
	       LAYOUT_PATH_MAX;
}

static void stray(struct scrub *r, const char *folder, const char *name)
{
	layout_path path;

	if (r->wanted == NULL && join(path, folder, name))
		scrub_tell(r, SCRUB_STRAY, SCRUB_TOLD, false, path,
			   "nothing with such a name belongs here");
}

/* --- links --- */

struct inside {
	struct scrub *r;
	const char *path;
	bool link, other;
};

static int look_inside(void *arg, int dirfd, const char *name, struct err *e)
{
	struct inside *in = arg;

	if (strcmp(name, "link") == 0) {
		in->link = true;
		return 0;
	}
	in->other = true;
	stray(in->r, in->path, name);
	return 0;
}

static void tell_link(struct scrub *r, const struct digest *d, const char *path, bool did,
		      const char *why)
{
	struct scrub_finding *f = mem_alloc(sizeof(*f));

	f->kind = SCRUB_LINK;
	f->done = scrub_mended(r, did);
	f->harms = f->has_digest = true;
	f->digest = *d;
	f->repository = *r->name;
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(f->why, sizeof(f->why), "%s", why);
	scrub_give(r, f);
	mem_freep(&f);
}

/* The link file in a digest's folder. True: it is there (by now) and right. */
static bool check_link(struct scrub *r, const struct digest *d, const char *folder)
{
	struct inside in = { .r = r, .path = folder };
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LINK_MAX);
	char want[DIGEST_TEXT_MAX];
	layout_path path;
	struct err why = { 0 };
	bool did = false;

	r->out->links++;
	if (fs_each(r->s->dirfd, folder, look_inside, &in, &why) < 0 &&
	    why.kind != ERR_NOT_FOUND) {
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_LEFT, true, folder, why.msg);
		return false;
	}
	why = (struct err){ 0 };
	if (!in.link) {
		/* What a crash between a link's removal and its folder's leaves. */
		if (!in.other && !r->ask->look)
			fs_prune(r->s->dirfd, folder, LAYOUT_REPOSITORIES);
		return false;
	}
	if (!join(path, folder, "link"))
		return false;
	digest_text(d, want);
	if (fs_read(r->s->dirfd, path, &text, &why) == 0 &&
	    view_is(view_trim(buf_view(&text)), want))
		return true;
	if (why.kind == ERR_NOT_FOUND)
		return false;
	if (why.kind == ERR_DENIED) {
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_LEFT, true, path, why.msg);
		return false;
	}
	if (!r->ask->look)
		did = fs_write(r->s->dirfd, LAYOUT_TMP, path, want, strlen(want), true,
			       NULL) == 0;
	tell_link(r, d, path, did,
		  text.n == 0 ? "the link is empty" : "the link does not say its digest");
	return did;
}

/* A push links before it gives a blob its name. */
static bool is_young(const struct scrub *r, const char *path)
{
	struct stat st;

	return fstatat(r->s->dirfd, path, &st, 0) == 0 &&
	       st.st_mtim.tv_sec >= time(NULL) - KEEP_MS / 1000;
}

/* What a client is told is here, is not. If a manifest names it, that is what is wrong.
 */
static void check_target(struct scrub *r, const struct digest *d, const char *folder)
{
	layout_path path;

	if (!r->local || blob_exists(r->s, d, NULL) || r->own_full ||
	    marks_has(r->own, d) || !join(path, folder, "link") || is_young(r, path))
		return;
	scrub_tell(r, SCRUB_DANGLING,
		   scrub_mended(r, r->ask->look || link_forget(r->s, LINK_LAYER, r->name,
							       d, NULL) == 0),
		   false, path, "the blob is not here, and no manifest names it");
}

static void note_newest(struct links *w, const struct digest *d, const char *folder)
{
	layout_path path;
	struct stat st;

	if (!join(path, folder, "link") || fstatat(w->r->s->dirfd, path, &st, 0) != 0 ||
	    !link_exists(w->r->s, LINK_REVISION, w->r->name, d))
		return;
	if (w->found && (st.st_mtim.tv_sec < w->when.tv_sec ||
			 (st.st_mtim.tv_sec == w->when.tv_sec &&
			  st.st_mtim.tv_nsec <= w->when.tv_nsec)))
		return;
	w->found = true;
	w->when = st.st_mtim;
	*w->newest = *d;
}

static int look_at_link(void *arg, int dirfd, const char *name, struct err *e)
{
	struct links *w = arg;
	char text[DIGEST_TEXT_MAX];
	layout_path folder;
	struct digest d;

	if ((size_t)snprintf(text, sizeof(text), "%s:%s", w->alg, name) >= sizeof(text) ||
	    digest_parse(view_of(text), &d, NULL) != 0 || !join(folder, w->path, name)) {
		stray(w->r, w->path, name);
		return scrub_step(w->r, e);
	}
	w->n++;
	if (check_link(w->r, &d, folder)) {
		if (w->layers)
			check_target(w->r, &d, folder);
		if (w->newest != NULL)
			note_newest(w, &d, folder);
	}
	return scrub_step(w->r, e);
}

static int each_link(struct links *w, struct err *e)
{
	struct err why = { 0 };
	int rc = fs_each(w->r->s->dirfd, w->path, look_at_link, w, &why);

	if (rc == 0 || why.kind == ERR_NOT_FOUND)
		return 0;
	if (why.kind == ERR_CANCELLED) {
		*e = why;
		return -1;
	}
	scrub_tell(w->r, SCRUB_UNREADABLE, SCRUB_LEFT, true, w->path, why.msg);
	return 0;
}

/* --- tags --- */

/* The tag's file is judged by this: one that another has written meanwhile stays. */
static bool same_file(int dirfd, const char *path, const struct stat *was)
{
	struct stat st;

	return fstatat(dirfd, path, &st, 0) == 0 && st.st_ino == was->st_ino &&
	       st.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* In exchange for the wrong file and no other. */
static bool put_tag(struct scrub *r, const char *path, const struct stat *was,
		    const struct digest *d)
{
	char text[DIGEST_TEXT_MAX], temp[LAYOUT_PATH_MAX];
	CLEANUP(mem_closep)
	int fd = fs_temp(r->s->dirfd, LAYOUT_TMP, temp, sizeof(temp), NULL);
	bool did;

	if (fd < 0)
		return false;
	digest_text(d, text);
	did = fs_pwrite_all(fd, text, strlen(text), 0, NULL) == 0 &&
	      fs_sync(fd, NULL) == 0 && same_file(r->s->dirfd, path, was) &&
	      renameat2(r->s->dirfd, temp, r->s->dirfd, path, RENAME_EXCHANGE) == 0;
	if (did && !same_file(r->s->dirfd, temp, was)) {
		renameat2(r->s->dirfd, temp, r->s->dirfd, path, RENAME_EXCHANGE);
		did = false;
	}
	fs_unlink(r->s->dirfd, temp, NULL);
	return did && fs_sync_parent(r->s->dirfd, path, NULL) == 0;
}

static void tell_tag(struct scrub *r, const char *tag, const char *path, const char *why,
		     bool did)
{
	struct scrub_finding *f = mem_alloc(sizeof(*f));
	CLEANUP(mem_freep)
	char *image = mem_fmt("%s:%s", r->name->s, tag);

	f->kind = SCRUB_TAG;
	f->done = scrub_mended(r, did);
	f->harms = true;
	f->repository = *r->name;
	snprintf(f->tag, sizeof(f->tag), "%s", tag);
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(f->why, sizeof(f->why), "%s", why);
	f->image[0] = image;
	f->nimages = f->images = 1;
	if (!r->local) {
		f->source = r->name;
		f->nsources = 1;
	}
	if (f->done == SCRUB_LEFT && f->nsources > 0 && r->ask->repair != NULL)
		r->ask->repair(r->ask->arg, f);
	scrub_give(r, f);
	mem_freep(&f);
}

/* What the tag says, or why it says nothing. */
static const char *wrong_tag(struct scrub *r, const char *tag, const char *path,
			     int indexed, struct stat *was)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LINK_MAX);
	layout_path index;
	struct digest d;
	struct err why = { 0 };

	if (fstatat(r->s->dirfd, path, was, 0) != 0)
		return NULL; /* removed meanwhile */
	if (fs_read(r->s->dirfd, path, &text, &why) != 0 && why.kind != ERR_LIMIT)
		return why.kind == ERR_NOT_FOUND ? NULL : "the tag cannot be read";
	if (digest_parse(view_trim(buf_view(&text)), &d, NULL) != 0)
		return text.n == 0 ? "the tag is empty" : "the tag says no digest";
	if (!link_exists(r->s, LINK_REVISION, r->name, &d))
		return "the tag leads to a manifest that is not in its repository";
	layout_tag_index(index, r->name, tag, &d);
	if (indexed > 0 && faccessat(r->s->dirfd, index, F_OK, 0) != 0)
		return "the tag leads to a manifest that it never had";
	return NULL;
}

/* Where it was, as far as anything says so. */
static bool find_target(struct scrub *r, const char *tag, const struct links *index,
			struct digest *out)
{
	int64_t ms;

	if (!r->local && tag_check_get(r->s, r->name, tag, out, &ms, NULL) == 0 &&
	    link_exists(r->s, LINK_REVISION, r->name, out))
		return true;
	if (index->found)
		*out = *index->newest;
	return index->found;
}

static int look_at_tag_entry(void *arg, int dirfd, const char *name, struct err *e)
{
	struct inside *in = arg;

	if (strcmp(name, "current") != 0 && strcmp(name, "index") != 0)
		stray(in->r, in->path, name);
	return 0;
}

static int look_at_tag(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct scrub *r = arg;
	struct digest newest, target;
	struct links w = { .r = r, .newest = &newest };
	layout_path folder, path;
	struct reference ref;
	struct inside in = { .r = r, .path = folder };
	struct stat was;
	const char *why;
	bool did = false;
	size_t i;

	layout_tags(folder, r->name);
	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest) {
		stray(r, folder, tag);
		return scrub_step(r, e);
	}
	layout_tag_folder(folder, r->name, tag);
	fs_each(r->s->dirfd, folder, look_at_tag_entry, &in, NULL);
	for (i = 0; i < ARRAY_LEN(algs); i++) {
		w.alg = algs[i];
		if (join(path, folder, "index") && join(w.path, path, algs[i]) &&
		    each_link(&w, e) != 0)
			return -1;
	}
	layout_tag(path, r->name, tag);
	why = wrong_tag(r, tag, path, w.n, &was);
	/* Moved or removed while it was looked at. */
	if (why == NULL || !same_file(r->s->dirfd, path, &was))
		return scrub_step(r, e);
	if (!r->ask->look && find_target(r, tag, &w, &target))
		did = put_tag(r, path, &was, &target);
	tell_tag(r, tag, path, why, did);
	return scrub_step(r, e);
}

int scrub_links_revisions(struct scrub *r, struct err *e)
{
	struct links w = { .r = r };
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++) {
		w.alg = algs[i];
		layout_revisions(w.path, r->name, algs[i]);
		if (each_link(&w, e) != 0)
			return -1;
	}
	return 0;
}

static int each_tag(struct scrub *r, struct err *e)
{
	struct err why = { 0 };
	layout_path path;

	layout_tags(path, r->name);
	if (fs_each(r->s->dirfd, path, look_at_tag, r, &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

int scrub_links(struct scrub *r, struct err *e)
{
	struct links w = { .r = r, .layers = true };
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++) {
		w.alg = algs[i];
		layout_layers(w.path, r->name, algs[i]);
		if (each_link(&w, e) != 0)
			return -1;
	}
	return each_tag(r, e);
}
