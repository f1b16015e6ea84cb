/*
 * run.c - files of a discovery, and their texts.
 */
#include "discover/run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "discover/paths.h"

#define CHUNK 65536    /* bytes read at once */
#define LOADED_MAX 200 /* files that one file may name as its parts */

struct run_file *run_add(struct run *run, const char *path, const char *root,
			 enum kind kind, struct err *e)
{
	struct run_file *f = map_get(run->by_path, path);

	if (f != NULL)
		return f;
	if (run->files == DISCOVER_MAX_FILES) {
		err_set(e, ERR_LIMIT,
			"more than %d files that may name images; give "
			"folders of the tree one by one",
			DISCOVER_MAX_FILES);
		return NULL;
	}
	f = mem_alloc(sizeof(*f));
	*f = (struct run_file){ .path = mem_dup(path), .root = root, .kind = kind };
	map_put(run->by_path, path, f);
	if ((run->files & (run->files - 1)) == 0) /* room for twice as many */
		run->file = mem_grow(run->file, (run->files > 0 ? 2 * run->files : 1) *
							sizeof(struct run_file *));
	run->file[run->files++] = f;
	return f;
}

int run_refuse(struct run *run, const char *path, const char *why, struct err *e)
{
	struct find f = { .kind = FIND_OTHER,
			  .file = path,
			  .where = "",
			  .text = "",
			  .image = "",
			  .why = why,
			  .platform = "" };

	return finds_add(run->finds, &f, e);
}

static int read_all(const char *path, struct buf *out, struct err *e)
{
	uint64_t size = 0, off = 0;
	CLEANUP(mem_closep)
	int fd = fs_open_file(AT_FDCWD, path, &size, e);
	size_t got = 1;

	if (fd < 0)
		return -1;
	while (got > 0) {
		char *room = buf_room(out, CHUNK);

		/* The buffer has that much more than what it may come to hold. */
		if (room == NULL)
			return err_set(e, ERR_LIMIT, "larger than %u bytes",
				       DISCOVER_MAX_FILE);
		if (fs_pread(fd, room, CHUNK, off, &got, e) != 0)
			return -1;
		buf_grew(out, got);
		off += got;
	}
	if (out->n > DISCOVER_MAX_FILE)
		return err_set(e, ERR_LIMIT, "larger than %u bytes", DISCOVER_MAX_FILE);
	return 0;
}

int run_text(struct run *run, const struct run_file *f, struct buf *out, struct err *e)
{
	struct err why = { 0 };

	buf_init(out, DISCOVER_MAX_FILE + 2 * CHUNK);
	if (read_all(f->path, out, &why) == 0)
		return 1;
	return run_refuse(run, f->path, why.msg, e) == 0 ? 0 : -1;
}

bool run_leads_within(const char *root, const char *path)
{
	CLEANUP(mem_freep)
	char *top = realpath(root[0] != '\0' ? root : ".", NULL);
	CLEANUP(mem_freep)
	char *target = realpath(path, NULL);

	return top != NULL && target != NULL && paths_within(top, target);
}

bool run_beside(const struct run_file *f, struct buf *out)
{
	buf_init(out, DISCOVER_MAX_FILE + 2 * CHUNK);
	return run_leads_within(f->root, f->path) && read_all(f->path, out, NULL) == 0;
}

/* --- readings --- */

static void also(void *arg, enum find_kind kind, const char *path)
{
	struct run *run = arg;
	CLEANUP(mem_freep)
	char *dir = paths_dir(run->now->path);
	CLEANUP(mem_freep)
	char *whole = paths_join(dir, path);
	struct run_file *f;

	if (kind != FIND_COMPOSE || !paths_within(run->now->root, whole) ||
	    !run_leads_within(run->now->root, whole) || access(whole, R_OK) != 0)
		return;
	f = run_add(run, whole, run->now->root, KIND_COMPOSE, NULL);
	if (f != NULL && !f->read)
		f->kind = KIND_COMPOSE;
}

static const struct reading_doc *load(void *arg, const char *path)
{
	struct run *run = arg;
	CLEANUP(mem_freep)
	char *dir = paths_dir(run->now->path);
	CLEANUP(mem_freep)
	char *whole = paths_join(dir, path);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(DISCOVER_MAX_FILE + 2 * CHUNK);
	struct reading_doc *docs;
	struct err why = { 0 };
	size_t i;

	for (i = 0; i < run->nloaded; i++)
		if (strcmp(run->loaded[i]->file, whole) == 0)
			return run->loaded[i];
	if (run->nloaded == LOADED_MAX || !paths_within(run->now->root, whole) ||
	    !run_leads_within(run->now->root, whole) || read_all(whole, &text, &why) != 0)
		return NULL;
	docs = run_docs(whole, buf_view(&text), &why);
	if (docs == NULL)
		return NULL;
	run->loaded = mem_grow(run->loaded, (run->nloaded + 1) * sizeof(docs));
	run->loaded[run->nloaded++] = docs;
	return docs;
}

void run_unload(struct run *run)
{
	while (run->nloaded > 0)
		run_free_docs(run->loaded[--run->nloaded]);
	free(run->loaded);
	run->loaded = NULL;
}

struct reading run_reading(struct run *run, enum find_kind kind, const struct run_file *f,
			   struct view text, struct err *e)
{
	return (struct reading){
		.kind = kind,
		.file = f->path,
		.text = text,
		.variable = run->d->variable,
		.arg = run->d->arg,
		.finds = run->finds,
		.builds = &run->builds,
		.made = &run->made,
		.also = also,
		.load = load,
		.tree_arg = run,
		.e = e,
	};
}

/* --- documents --- */

struct reading_doc *run_docs(const char *file, struct view text, struct err *why)
{
	struct yaml_reader reader = { .text = text };
	struct reading_doc *first = NULL, **tail = &first;
	struct yaml *doc;
	int rc;

	while ((rc = yaml_next(&reader, &doc, why)) != 0) {
		struct reading_doc *d;

		if (rc < 0)
			continue;
		d = mem_alloc(sizeof(*d));
		*d = (struct reading_doc){ .file = mem_dup(file), .doc = doc };
		*tail = d;
		tail = &d->next;
	}
	return first;
}

void run_free_docs(struct reading_doc *docs)
{
	while (docs != NULL) {
		struct reading_doc *next = docs->next;

		free((char *)docs->file);
		yaml_free(docs->doc);
		free(docs);
		docs = next;
	}
}
