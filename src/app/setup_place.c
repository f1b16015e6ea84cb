/*
 * setup_place.c - paths, and the directories around them.
 */
#include "app/setup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *absolute(const char *path, struct err *e)
{
	char *here, *out;

	if (path[0] == '/')
		return mem_dup(path);
	here = getcwd(NULL, 0);
	if (here == NULL) {
		err_errno(e, "cannot tell the working directory");
		return NULL;
	}
	out = mem_fmt("%s/%s", here, path);
	free(here);
	return out;
}

static char *user_path(const struct client *c, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config != NULL && config[0] == '/')
		return mem_fmt("%s/%s", config, c->user_path);
	if (home != NULL && home[0] == '/')
		return mem_fmt("%s/.config/%s", home, c->user_path);
	err_set(e, ERR_INVALID,
		"neither HOME nor XDG_CONFIG_HOME is set: say where with --path");
	return NULL;
}

int setup_place_find(struct setup_place *p, const struct client *c, const char *given,
		     struct err *e)
{
	char *directory;
	size_t n;
	bool is_dir;

	*p = (struct setup_place){ .user = geteuid() != 0 && c->user_path != NULL,
				   .is_default = given == NULL };
	if (given == NULL) {
		p->path = p->user ? user_path(c, e) : mem_dup(c->path);
		return p->path != NULL ? 0 : -1;
	}
	p->path = absolute(given, e);
	if (p->path == NULL)
		return -1;
	n = strlen(p->path);
	is_dir = p->path[n - 1] == '/' || is_directory(p->path);
	while (n > 1 && p->path[n - 1] == '/')
		p->path[--n] = '\0';
	if (c->many == NULL && is_dir) {
		directory = TAKE(p->path);
		p->path = mem_fmt("%s%s", n > 1 ? directory : "", strrchr(c->path, '/'));
		free(directory);
	}
	return 0;
}

void setup_place_done(struct setup_place *p)
{
	free(p->path);
	p->path = NULL;
}

struct looking {
	const struct setup_place *p;
	const struct client *c;
	const struct wish *w;
	const char *directory;
};

static int look_file(const struct looking *l, const char *path, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CLIENT_MAX_BYTES);
	struct err why;
	struct stat st;

	if (strcmp(path, l->p->path) == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	if (fs_read(AT_FDCWD, path, &text, &why) != 0) {
		fprintf(stderr,
			"larder setup: warning: %s; whether it has the same "
			"registries is not known\n",
			why.msg);
		return 0;
	}
	if (l->c->clash(buf_view(&text), l->w, &why) == 0)
		return 0;
	if (e != NULL)
		*e = why;
	return err_add(e, "%s", path);
}

static int look_entry(void *arg, int dirfd, const char *name, struct err *e)
{
	const struct looking *l = arg;
	size_t n = strlen(name);
	CLEANUP(mem_freep)
	char *path = NULL;

	if (n < 6 || strcmp(name + n - 5, ".conf") != 0)
		return 0;
	path = mem_fmt("%s/%s", l->directory, name);
	return look_file(l, path, e);
}

/* A directory of drop-ins, and the file without ".d" that it adds to. */
static int look_directory(struct looking *l, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	CLEANUP(mem_freep)
	char *directory = mem_dupn(file, (size_t)(slash - file));
	size_t n = strlen(directory);
	struct err why;

	l->directory = directory;
	if (fs_each(AT_FDCWD, directory[0] != '\0' ? directory : "/", look_entry, l,
		    &why) != 0 &&
	    why.kind == ERR_INVALID) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (n < 3 || strcmp(directory + n - 2, ".d") != 0)
		return 0;
	directory[n - 2] = '\0';
	return look_file(l, directory, e);
}

int setup_place_clash(const struct setup_place *p, const struct client *c,
		      const struct wish *w, struct err *e)
{
	struct looking l = { p, c, w, NULL };

	if (c->clash == NULL)
		return 0;
	if (look_directory(&l, p->path, e) != 0)
		return -1;
	/* A user's files are read after the system's, and replace what they say. */
	return p->user && p->is_default ? look_directory(&l, c->path, e) : 0;
}

struct each {
	const struct client *c;
	int (*fn)(void *arg, const char *registry, struct err *e);
	void *arg;
};

static int each_entry(void *arg, int dirfd, const char *name, struct err *e)
{
	const struct each *each = arg;
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/%s", name, each->c->many);
	struct stat st;

	if (fstatat(dirfd, path, &st, 0) != 0)
		return 0;
	return each->fn(each->arg, name, e);
}

int setup_place_each(const struct setup_place *p, const struct client *c,
		     int (*fn)(void *arg, const char *registry, struct err *e), void *arg,
		     struct err *e)
{
	struct each each = { c, fn, arg };
	struct err why;

	if (fs_each(AT_FDCWD, p->path, each_entry, &each, &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}
