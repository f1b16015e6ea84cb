/*
 * export_prune.c - what a folder has and its index.json leads to no more.
 *
 * Down from the list through indexes and manifests, then through the folders of content.
 * A manifest that is there and cannot be read might lead anywhere: then nothing goes.
 */
#include "carry/export_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "oci/ocilayout.h"
#include "store/marks.h"

#define MARK_BYTES (64u << 20)
#define DEPTH 8 /* of indexes in indexes */

struct pruning {
	int fd;
	struct export_job *job;
	struct marks *marks;
	char folder[OCILAYOUT_PATH_MAX];
};

static int follow(struct pruning *w, const struct digest *d, int depth, struct err *e);

static int follow_children(struct pruning *w, const struct manifest *m, int depth,
			   struct err *e)
{
	size_t i;

	for (i = 0; i < m->nchildren; i++) {
		const struct digest *d = &m->child[i].digest;

		if (m->child[i].is_manifest) {
			if (follow(w, d, depth + 1, e) != 0)
				return -1;
		} else if (!marks_add(w->marks, d)) {
			return err_set(e, ERR_LIMIT,
				       "the folder has too much in it to be pruned");
		}
	}
	return 0;
}

/* What is not there leads to nothing: other platforms, or what another archive has. */
static int follow(struct pruning *w, const struct digest *d, int depth, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	char path[OCILAYOUT_PATH_MAX];
	struct manifest parsed;
	struct digest real;
	struct err why;
	int rc;

	if (marks_has(w->marks, d))
		return 0;
	if (!marks_add(w->marks, d) || depth > DEPTH)
		return err_set(e, ERR_LIMIT,
			       "the folder has too much in it to be pruned");
	ocilayout_path(d, path);
	if (fs_read(w->fd, path, &body, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	digest_of(d->alg, body.p, body.n, &real);
	if (!digest_equal(&real, d))
		return err_set(e, ERR_CORRUPT,
			       "%s is damaged: nothing was pruned, since nobody can say "
			       "what it leads to. Remove it, and export again",
			       path);
	if (manifest_parse(buf_view(&body), &parsed, e) != 0)
		return err_add(e, "%s", path);
	rc = follow_children(w, &parsed, depth, e);
	manifest_done(&parsed);
	return rc;
}

static int look_at(void *arg, int dirfd, const char *name, struct err *e)
{
	struct pruning *w = arg;
	char path[OCILAYOUT_PATH_MAX];
	struct digest d;
	struct stat st;

	/* Other names are other people's. */
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", w->folder, name) >=
		    sizeof(path) ||
	    !ocilayout_is_path(path, &d) || marks_has(w->marks, &d) ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return 0;
	if (fs_unlink(dirfd, name, e) != 0)
		return -1;
	w->job->gone++;
	w->job->gone_bytes += (uint64_t)st.st_size;
	return 0;
}

static int sweep(struct pruning *w, const char *alg, struct err *e)
{
	struct err why = { 0 };

	snprintf(w->folder, sizeof(w->folder), "blobs/%s", alg);
	if (fs_each(w->fd, w->folder, look_at, w, &why) == 0 || why.kind == ERR_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

int export_prune(struct export_job *job, int dirfd, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(OCILAYOUT_MAX_BYTES);
	struct pruning w = { .fd = dirfd, .job = job };
	struct ocilayout list = { 0 };
	size_t i;
	int rc;

	if (fs_read(dirfd, "index.json", &text, e) != 0 ||
	    ocilayout_parse(buf_view(&text), &list, e) != 0)
		return -1;
	w.marks = marks_new(MARK_BYTES);
	for (i = 0, rc = 0; i < list.n && rc == 0; i++)
		rc = follow(&w, &list.image[i].digest, 0, e);
	if (rc == 0)
		rc = sweep(&w, "sha256", e);
	if (rc == 0)
		rc = sweep(&w, "sha512", e);
	marks_free(w.marks);
	ocilayout_done(&list);
	return rc;
}
