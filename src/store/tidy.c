/*
 * tidy.c - larder's own notes about one repository, against what the repository has. All
 * of them can be made anew, so nothing here waits for the disk.
 */
#include "store/tidy.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/walk.h"

struct tidying {
	struct store *s;
	const struct reponame *name;
	struct digest subject;
	layout_path folder;
	uint64_t removed;
};

static bool has_manifest(const struct tidying *t, const struct digest *d)
{
	return link_exists(t->s, LINK_REVISION, t->name, d);
}

static void remove_note(struct tidying *t, const char *path)
{
	if (fs_unlink(t->s->dirfd, path, NULL) == 0)
		t->removed++;
}

/* "<algorithm>-<hex>" of a referrer. */
static int look_at_referrer(void *arg, int dirfd, const char *file, struct err *e)
{
	struct tidying *t = arg;
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	layout_path path;
	char *dash;

	if (strlen(file) >= sizeof(text))
		return 0;
	memcpy(text, file, strlen(file) + 1);
	dash = strchr(text, '-');
	if (dash != NULL)
		*dash = ':';
	if (digest_parse(view_of(text), &d, NULL) != 0 || has_manifest(t, &d))
		return 0;
	layout_referrer(path, t->name, &t->subject, &d);
	remove_note(t, path);
	return 0;
}

static int look_at_subject(void *arg, const struct digest *d, struct err *e)
{
	struct tidying *t = arg;
	layout_path path;

	t->subject = *d;
	layout_referrers(path, t->name, d);
	fs_each(t->s->dirfd, path, look_at_referrer, t, NULL);
	fs_prune(t->s->dirfd, path, "larder/referrers");
	return 0;
}

static int look_at_list(void *arg, const struct digest *d, struct err *e)
{
	struct tidying *t = arg;
	layout_path path;

	if (has_manifest(t, d))
		return 0;
	layout_referrers_note(path, t->name, d);
	remove_note(t, path);
	return 0;
}

static int look_at_check(void *arg, int dirfd, const char *tag, struct err *e)
{
	struct tidying *t = arg;
	struct reference ref;
	layout_path path;
	struct stat st;

	if (reference_parse(view_of(tag), &ref, NULL) != 0 || ref.is_digest)
		return 0;
	layout_tag_folder(path, t->name, tag);
	if (fstatat(t->s->dirfd, path, &st, 0) == 0)
		return 0;
	layout_tag_check(path, t->name, tag);
	remove_note(t, path);
	return 0;
}

/* A digest's folder whose link is gone: what a crash in the middle of removing leaves. */
static int look_at_folder(void *arg, const struct digest *d, struct err *e)
{
	struct tidying *t = arg;
	layout_path path;
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", t->folder, hex) < sizeof(path))
		fs_prune(t->s->dirfd, path, LAYOUT_REPOSITORIES);
	return 0;
}

static void tidy_notes_of(struct tidying *t, const char *alg)
{
	layout_path path;

	layout_subjects(path, t->name, alg);
	walk_digests(t->s, path, alg, look_at_subject, t, NULL);
	fs_prune(t->s->dirfd, path, "larder/referrers");
	layout_referrers_notes(path, t->name, alg);
	walk_digests(t->s, path, alg, look_at_list, t, NULL);
	fs_prune(t->s->dirfd, path, "larder/referrers");
}

static void tidy_folders_of(struct tidying *t, const char *alg)
{
	layout_layers(t->folder, t->name, alg);
	walk_digests(t->s, t->folder, alg, look_at_folder, t, NULL);
	fs_prune(t->s->dirfd, t->folder, LAYOUT_REPOSITORIES);
	layout_revisions(t->folder, t->name, alg);
	walk_digests(t->s, t->folder, alg, look_at_folder, t, NULL);
	fs_prune(t->s->dirfd, t->folder, LAYOUT_REPOSITORIES);
}

uint64_t tidy_notes(struct store *s, const struct reponame *name)
{
	struct tidying t = { .s = s, .name = name };
	layout_path path;

	tidy_notes_of(&t, "sha256");
	tidy_notes_of(&t, "sha512");
	layout_tag_checks(path, name);
	fs_each(s->dirfd, path, look_at_check, &t, NULL);
	fs_prune(s->dirfd, path, LAYOUT_CHECKS);
	return t.removed;
}

uint64_t tidy_repository(struct store *s, const struct reponame *name)
{
	struct tidying t = { .s = s, .name = name };
	layout_path path;

	tidy_folders_of(&t, "sha256");
	tidy_folders_of(&t, "sha512");
	layout_tags(path, name);
	fs_prune(s->dirfd, path, LAYOUT_REPOSITORIES);
	return tidy_notes(s, name);
}
