/*
 * imageargs.c - from words and files to images.
 */
#include "app/imageargs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/setting_env.h"
#include "base/fs.h"
#include "base/human.h"
#include "base/mem.h"

static int add(struct imageargs *a, struct imagearg *arg, struct err *e)
{
	if (a->n == IMAGEARGS_MAX) {
		free(arg->text);
		free(arg);
		return err_set(e, ERR_LIMIT, "more than %d images", IMAGEARGS_MAX);
	}
	a->arg = mem_grow(a->arg, (a->n + 1) * sizeof(struct imagearg *));
	a->arg[a->n++] = arg;
	return 0;
}

static int add_bad(struct imageargs *a, char *text, const struct err *why, struct err *e)
{
	struct imagearg *arg = mem_alloc(sizeof(*arg));

	arg->bad = true;
	arg->text = human_clean(text); /* it is shown */
	arg->im.err = *why;
	arg->im.result = BATCH_FAILED;
	arg->im.phase = BATCH_OVER;
	return add(a, arg, e);
}

static bool is_there(const struct imageargs *a, const struct imagelist_entry *entry,
		     const char *text)
{
	size_t i, size = entry->nplatforms * sizeof(entry->platform[0]);

	for (i = 0; i < a->n; i++)
		if (!a->arg[i]->bad && strcmp(a->arg[i]->text, text) == 0 &&
		    a->arg[i]->im.nplatforms == entry->nplatforms &&
		    memcmp(a->arg[i]->im.platform, entry->platform, size) == 0)
			return true;
	return false;
}

static int add_entry(struct imageargs *a, const struct imagelist_entry *entry,
		     struct err *e)
{
	char text[IMAGEREF_TEXT_MAX];
	struct imagearg *arg;

	imageref_text(&entry->image, text);
	if (is_there(a, entry, text))
		return 0;
	arg = mem_alloc(sizeof(*arg));
	arg->text = mem_dup(text);
	arg->im.image = entry->image;
	arg->im.nplatforms = entry->nplatforms;
	memcpy(arg->im.platform, entry->platform, sizeof(entry->platform));
	return add(a, arg, e);
}

static const char *variable(void *arg, const char *name)
{
	return setting_env_get(arg, name);
}

/* A pipe has no size to read it by. */
static int read_input(struct buf *text, struct err *e)
{
	ssize_t n;
	char *room;

	while ((room = buf_room(text, 4096)) != NULL) {
		n = read(STDIN_FILENO, room, 4096);
		if (n < 0)
			return err_errno(e, "standard input");
		if (n == 0)
			return 0;
		buf_grew(text, (size_t)n);
	}
	return err_set(e, ERR_LIMIT, "standard input: a list has at most %u bytes",
		       LOCKFILE_MAX_BYTES);
}

static int add_locked(struct imageargs *a, const struct lockfile_entry *entry,
		      struct err *e)
{
	struct imagelist_entry image = { .image = entry->image };
	size_t i, before = a->n;

	image.image.has_digest = false;
	for (i = 0; i < entry->nwishes && i < IMAGELIST_MAX_PLATFORMS; i++)
		image.platform[image.nplatforms++] = entry->wish[i];
	if (add_entry(a, &image, e) != 0)
		return -1;
	if (a->n > before)
		a->arg[before]->im.as_locked = true;
	return 0;
}

int imageargs_add_lock(struct imageargs *a, const struct lockfile *l, struct err *e)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (add_locked(a, l->entry[i], e) != 0)
			return -1;
	return 0;
}

/* Two files that disagree are an error: which of them is right? */
static int keep_lock(struct imageargs *a, const struct lockfile *l, const char *path,
		     struct err *e)
{
	const struct lockfile_entry *have;
	char text[IMAGEREF_TEXT_MAX];
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct imageref *image = &l->entry[i]->image;

		have = lockfile_find(&a->lock, image->host, image->name.s, image->tag);
		if (have != NULL && !digest_equal(&have->image.digest, &image->digest)) {
			imageref_text(image, text);
			return err_set(e, ERR_INVALID,
				       "%.200s: %.300s: another list locks it to another "
				       "digest",
				       path, text);
		}
		if (lockfile_put(&a->lock, l->entry[i], e) != 0)
			return -1;
	}
	return 0;
}

static int read_lock(struct imageargs *a, struct view text, const char *path,
		     struct err *e)
{
	struct lockfile l = LOCKFILE_INIT;
	int rc = lockfile_parse(text, &l, e);

	if (rc != 0)
		err_add(e, "%.200s", path);
	if (rc == 0)
		rc = keep_lock(a, &l, path, e);
	if (rc == 0)
		rc = imageargs_add_lock(a, &l, e);
	lockfile_done(&l);
	return rc;
}

static int read_list(struct imageargs *a, const char *path, char **env, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LOCKFILE_MAX_BYTES);
	struct imagelist_entry entry;
	struct imagelist list;
	struct err why;
	int rc;

	if (strcmp(path, "-") == 0) {
		if (read_input(&text, e) != 0)
			return -1;
	} else if (fs_read(AT_FDCWD, path, &text, e) != 0) {
		return err_add(e, "list of images %.200s", path);
	}
	if (view_starts(buf_view(&text), "larder-lock "))
		return read_lock(a, buf_view(&text), path, e);
	if (text.n > IMAGELIST_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "%.200s: a list has at most %u bytes", path,
			       IMAGELIST_MAX_BYTES);
	list = (struct imagelist){ .text = buf_view(&text),
				   .variable = variable,
				   .arg = env };
	while ((rc = imagelist_next(&list, &entry, &why)) != 0) {
		if (rc > 0 ? add_entry(a, &entry, e) != 0
			   : add_bad(a, mem_fmt("%s:%u", path, list.line), &why, e) != 0)
			return -1;
	}
	return 0;
}

int imageargs_read(struct imageargs *a, char **operand, size_t noperands,
		   const struct option_values *files, char **env, struct err *e)
{
	size_t i;

	*a = (struct imageargs){ 0 };
	for (i = 0; i < noperands; i++) {
		struct imagelist_entry entry = { 0 };
		struct err why;

		if (imageref_parse(view_of(operand[i]), &entry.image, &why) == 0
			    ? add_entry(a, &entry, e) != 0
			    : add_bad(a, mem_dup(operand[i]), &why, e) != 0)
			return -1;
	}
	for (i = 0; i < files->n; i++)
		if (read_list(a, files->v[i], env, e) != 0)
			return -1;
	return 0;
}

void imageargs_compare(struct imageargs *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		a->arg[i]->im.as_locked = false;
}

void imageargs_set_platforms(struct imageargs *a, const struct platform *p, size_t n)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct batch_image *im = &a->arg[i]->im;

		if (im->nplatforms > 0)
			continue;
		memcpy(im->platform, p, n * sizeof(*p));
		im->nplatforms = n;
	}
}

static void arg_free(struct imagearg *arg)
{
	free(arg->text);
	free(arg);
}

void imageargs_keep(struct imageargs *a,
		    bool (*keep)(void *arg, const struct imagearg *image), void *arg)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++) {
		if (keep(arg, a->arg[i]))
			a->arg[n++] = a->arg[i];
		else
			arg_free(a->arg[i]);
	}
	a->n = n;
}

void imageargs_done(struct imageargs *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		arg_free(a->arg[i]);
	free(a->arg);
	lockfile_done(&a->lock);
	*a = (struct imageargs){ 0 };
}
