/*
 * dockers.c - Dockerfiles and builds.
 */
#include "discover/dockers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "discover/dockerfile.h"
#include "discover/paths.h"

/* As run_text; what is no text is no Dockerfile. */
static int read_text(struct run *run, const struct run_file *f, struct buf *out,
		     struct err *e)
{
	int rc = run_text(run, f, out, e);

	if (rc <= 0 || out->n == 0 || memchr(out->p, '\0', out->n) == NULL)
		return rc;
	return run_refuse(run, f->path, "it is no text: there is a NUL in it", e) == 0
		       ? 0
		       : -1;
}

/* Once for each platform that is built for. */
static int read_file(struct run *run, const struct run_file *f, struct view text,
		     const struct vars *args, const struct vars *contexts, struct err *e)
{
	const struct discover *d = run->d;
	size_t i;

	for (i = 0; i == 0 || i < d->ntargets; i++) {
		struct dockerfile how = {
			.args = args,
			.contexts = contexts,
			.target = d->ntargets > 0 ? d->target[i] : d->here,
			.build = d->here,
			.any_platform = d->ntargets == 0,
		};
		struct reading r = run_reading(run, FIND_DOCKERFILE, f, text, e);

		dockerfile_read(&r, &how);
		if (r.rc != 0)
			return -1;
	}
	return 0;
}

/* --- builds --- */

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* dir/context/dockerfile, if that is a file that may be read. To be freed. */
static char *try(const char *root, const char *dir, const char *context,
		 const char *dockerfile)
{
	CLEANUP(mem_freep)
	char *folder = paths_join(dir, context);
	char *path = paths_join(folder, dockerfile);

	if (paths_within(root, path) && is_file(path) && run_leads_within(root, path))
		return path;
	mem_freep(&path);
	return NULL;
}

/* The Dockerfile that b means; NULL: it is not here. */
static char *locate(const struct build *b, const char *root)
{
	CLEANUP(mem_freep)
	char *dir = paths_dir(b->file);
	const char *context = b->context != NULL ? b->context : "";
	char *path = try(root, dir, context, b->dockerfile);

	if (path == NULL && b->guess)
		path = try(root, dir, "", b->dockerfile);
	if (path == NULL && b->guess)
		path = try(root, root, context, b->dockerfile);
	if (path == NULL && b->guess)
		path = try(root, root, "", b->dockerfile);
	return path;
}

static int unknown(struct run *run, const struct build *b, const char *why, struct err *e)
{
	struct find f = { .kind = b->kind,
			  .file = b->file,
			  .line = b->line,
			  .where = b->where,
			  .text = b->dockerfile != NULL ? b->dockerfile : "",
			  .image = "",
			  .why = why,
			  .platform = "" };

	return b->optional ? 0 : finds_add(run->finds, &f, e);
}

static int read_build(struct run *run, const struct build *b, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(0);
	struct vars args = { 0 };
	struct run_file *f;
	int rc;

	if (b->dockerfile == NULL)
		return unknown(run, b, b->why, e);
	if (b->path == NULL)
		return unknown(run, b, "the Dockerfile that it builds from is not here",
			       e);
	f = run_add(run, b->path, "", KIND_NONE, e);
	if (f == NULL)
		return -1;
	rc = read_text(run, f, &text, e);
	if (rc <= 0)
		return rc;
	run->d->files += !f->read;
	f->read = true;
	vars_add(&args, &b->args);
	vars_add(&args, &run->args);
	rc = read_file(run, f, buf_view(&text), &args, &b->contexts, e);
	vars_done(&args);
	return rc;
}

static void contexts_free(void *v)
{
	vars_done(v);
	free(v);
}

/* Where the Dockerfiles of builds are, and by these, which names are something else than
 * images for all that is built from them. */
static struct map *locate_all(struct run *run)
{
	struct map *contexts = map_new(BUILD_MAX);
	size_t i;

	for (i = 0; i < run->builds.n; i++) {
		struct build *b = run->builds.v[i];
		const struct run_file *from = map_get(run->by_path, b->file);
		struct vars *v;

		if (b->dockerfile == NULL || from == NULL)
			continue;
		b->path = locate(b, from->root);
		if (b->path == NULL || b->contexts.n == 0)
			continue;
		v = map_get(contexts, b->path);
		if (v == NULL) {
			v = mem_alloc(sizeof(*v));
			map_put(contexts, b->path, v);
		}
		vars_add(v, &b->contexts);
	}
	return contexts;
}

static int read_all(struct run *run, const struct map *contexts, struct err *e)
{
	size_t i, n = run->files;

	for (i = 0; i < n; i++) {
		struct run_file *f = run->file[i];
		CLEANUP(buf_done)
		struct buf text = BUF_INIT(0);
		int rc;

		if (f->kind != KIND_DOCKERFILE)
			continue;
		rc = read_text(run, f, &text, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		run->d->files++;
		f->read = true;
		if (read_file(run, f, buf_view(&text), &run->args,
			      map_get(contexts, f->path), e) != 0)
			return -1;
	}
	for (i = 0; i < run->builds.n; i++)
		if (read_build(run, run->builds.v[i], e) != 0)
			return -1;
	return 0;
}

int dockers_read(struct run *run, struct err *e)
{
	struct map *contexts = locate_all(run);
	int rc = read_all(run, contexts, e);

	map_free(contexts, contexts_free);
	return rc;
}
