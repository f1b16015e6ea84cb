/*
 * link.c - a repository's links.
 */
#include "store/link.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"

static void link_path(layout_path out, enum link_kind kind, const struct reponame *name,
		      const struct digest *d)
{
	if (kind == LINK_LAYER)
		layout_layer(out, name, d);
	else
		layout_revision(out, name, d);
}

bool link_exists(struct store *s, enum link_kind kind, const struct reponame *name,
		 const struct digest *d)
{
	layout_path path;
	struct stat st;

	link_path(path, kind, name, d);
	if (fstatat(s->dirfd, path, &st, 0) != 0)
		return false;
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		return true;
	store_torn(s, path);
	return false;
}

int64_t link_time(struct store *s, enum link_kind kind, const struct reponame *name,
		  const struct digest *d)
{
	layout_path path;
	struct stat st;

	link_path(path, kind, name, d);
	if (fstatat(s->dirfd, path, &st, 0) != 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* Another may have made it only just now, and not to be durable. */
static int make_last(struct store *s, const char *path, struct err *e)
{
	CLEANUP(mem_closep)
	int fd = fs_open(s->dirfd, path, e);

	if (fd < 0 || fs_sync(fd, e) != 0 || fs_mkparents(s->dirfd, path, true, e) != 0)
		return -1;
	return fs_sync_parent(s->dirfd, path, e);
}

int link_add(struct store *s, enum link_kind kind, const struct reponame *name,
	     const struct digest *d, bool durable, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	layout_path path;

	link_path(path, kind, name, d);
	if (link_exists(s, kind, name, d))
		return durable ? make_last(s, path, e) : 0;
	digest_text(d, text);
	return fs_write(s->dirfd, LAYOUT_TMP, path, text, strlen(text), durable, e);
}

static int not_there(const struct reponame *name, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	return err_set(e, ERR_NOT_FOUND, "%s is not in %s", text, name->s);
}

int link_remove(struct store *s, enum link_kind kind, const struct reponame *name,
		const struct digest *d, struct err *e)
{
	layout_path path;

	link_path(path, kind, name, d);
	if (!link_exists(s, kind, name, d))
		return not_there(name, d, e);
	return fs_remove(s->dirfd, path, e);
}

int link_drop(struct store *s, enum link_kind kind, const struct reponame *name,
	      const struct digest *d, struct removal *r, struct err *e)
{
	layout_path path;

	link_path(path, kind, name, d);
	if (!link_exists(s, kind, name, d))
		return not_there(name, d, e);
	*strrchr(path, '/') = '\0';
	return removal_take(r, path, e);
}

int link_forget(struct store *s, enum link_kind kind, const struct reponame *name,
		const struct digest *d, struct err *e)
{
	layout_path path;

	link_path(path, kind, name, d);
	if (fs_unlink(s->dirfd, path, e) != 0)
		return -1;
	*strrchr(path, '/') = '\0';
	fs_prune(s->dirfd, path, LAYOUT_REPOSITORIES);
	return 0;
}
