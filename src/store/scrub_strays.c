/*
 * scrub_strays.c - names that neither larder nor registry:2 gives. They are told and
 * stay: nobody but who put them there knows what they are.
 */
#include "store/scrub_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"

#define V2 "docker/registry/v2"
#define MOST 1000 /* that are told */

/* What a folder may have; ended by NULL. A name that ends in "*" is how names begin. */
static const char *const top_names[] = { "blobs", "repositories", NULL };
static const char *const alg_names[] = { "sha256", "sha512", NULL };
static const char *const manifest_names[] = { "revisions", "tags", NULL };
static const char *const own_names[] = {
	"lock",	     "sweep",	"collect",   "scrub", "scrub.state", "tmp",
	"partial",   "uploads", "referrers", "types", "tags",	     "quarantine",
	"usage.db*", "room*",	"history",   NULL,
};

struct folder {
	struct scrub *r;
	const char *path;
	const char *const *names; /* NULL: parts of repositories' names */
	bool inside;
	unsigned *told;
};

static int look(struct folder *f, const char *path, const char *const *names,
		struct err *e);

static bool is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		size_t n = strcspn(*names, "*");

		if ((*names)[n] == '*' ? strncmp(name, *names, n) == 0
				       : strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

static void tell(struct folder *f, const char *path)
{
	if (++*f->told <= MOST)
		scrub_tell(f->r, SCRUB_STRAY, SCRUB_TOLD, false, path,
			   "nothing with such a name belongs here");
}

static bool is_folder(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* A part of a repository's name, or what larder keeps inside of one. */
static int look_at_part(struct folder *f, int dirfd, const char *name, const char *path,
			struct err *e)
{
	struct reponame valid;
	layout_path below;

	if (!is_folder(dirfd, name)) {
		tell(f, path);
		return 0;
	}
	if (strcmp(name, "_layers") == 0)
		return look(f, path, alg_names, e);
	if (strcmp(name, "_uploads") == 0)
		return 0;
	if (strcmp(name, "_manifests") == 0) {
		snprintf(below, sizeof(below), "%.*s/revisions", LAYOUT_PATH_MAX - 20,
			 path);
		return look(f, path, manifest_names, e) != 0
			       ? -1
			       : look(f, below, alg_names, e);
	}
	if (reponame_parse(view_of(path + sizeof(LAYOUT_REPOSITORIES)), &valid, NULL) !=
	    0) {
		tell(f, path);
		return 0;
	}
	return look(f, path, NULL, e);
}

static int look_at(void *arg, int dirfd, const char *name, struct err *e)
{
	struct folder *f = arg;
	layout_path path;

	f->inside = true;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) < sizeof(path)) {
		if (f->names == NULL) {
			if (look_at_part(f, dirfd, name, path, e) != 0)
				return -1;
		} else if (!is_among(f->names, name)) {
			tell(f, path);
		}
	}
	return scrub_step(f->r, e);
}

/* One that is not there has none. */
static int look(struct folder *f, const char *path, const char *const *names,
		struct err *e)
{
	struct folder below = { f->r, path, names, false, f->told };
	struct err why = { 0 };

	if (fs_each(f->r->s->dirfd, path, look_at, &below, &why) == 0 ||
	    (!below.inside && why.kind == ERR_NOT_FOUND))
		return 0;
	if (why.kind != ERR_CANCELLED) {
		scrub_tell(f->r, SCRUB_UNREADABLE, SCRUB_LEFT, true, path, why.msg);
		return 0;
	}
	*e = why;
	return -1;
}

/* "00" to "ff". */
static int look_at_prefix(void *arg, int dirfd, const char *name, struct err *e)
{
	struct folder *f = arg;
	layout_path path;

	if ((strlen(name) != 2 || strspn(name, "0123456789abcdef") != 2) &&
	    (size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) < sizeof(path))
		tell(f, path);
	return 0;
}

int scrub_strays(struct scrub *r, struct err *e)
{
	unsigned told = 0;
	struct folder f = { .r = r, .told = &told };
	layout_path path;
	size_t i;

	if (look(&f, V2, top_names, e) != 0 ||
	    look(&f, LAYOUT_BLOBS, alg_names, e) != 0 ||
	    look(&f, LAYOUT_REPOSITORIES, NULL, e) != 0 ||
	    look(&f, "larder", own_names, e) != 0)
		return -1;
	for (i = 0; alg_names[i] != NULL; i++) {
		snprintf(path, sizeof(path), LAYOUT_BLOBS "/%s", alg_names[i]);
		f.path = path;
		fs_each(r->s->dirfd, path, look_at_prefix, &f, NULL);
	}
	return 0;
}
