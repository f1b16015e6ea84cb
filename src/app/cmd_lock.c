/*
 * cmd_lock.c - `larder lock`: its command line, and from images to a lock file.
 *
 * The file is read at the start and written at the end, in one step, if it has changed.
 */
#include "app/cmd_lock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gather.h"
#include "app/here.h"
#include "app/inside.h"
#include "app/lock_items.h"
#include "app/lock_make.h"
#include "app/lock_pin.h"
#include "app/lock_report.h"
#include "app/lockpath.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/mem.h"
#include "oci/asof.h"

#define AT_ONCE 4

static const char about[] =
	"Writes down which bytes each tag stands for: larder.lock, to be kept with the "
	"sources. `larder serve --lock larder.lock` then serves a locked tag as what the "
	"file says, to every client, wherever its upstream has moved it since, and "
	"`larder pull --file larder.lock` brings just that.\n"
	"Images that are locked already stay as they are until they are named with "
	"--update. Without IMAGE and --file, the list is larder.images, or "
	"base-images.txt in this directory; with --update, --check and --remove it is "
	"all that the lock file has.\n"
	"With --check: exit status 2 says that something is not as locked, 1 that it "
	"could "
	"not be found out.";

static const char head[] =
	"# Which bytes each tag stands for. larder lock writes this file; larder serve "
	"--lock\n"
	"# serves by it. To move a tag on purpose: larder lock --update IMAGE\n";

struct locking {
	const struct settings *settings;
	char **envp;
	struct option_values files;
	const char *path, *platform, *only, *as_of;
	unsigned at_once;
	bool update, remove, check, pin, unpin, dry_run, json, markdown, diff, quiet;
	/* its own */
	struct lockfile lock;
	struct stat seen;     /* that file, when it was read */
	bool is_new, changed; /* the file */
	bool unlooked;	      /* what changed inside was to be said, and is not known */
	struct imageargs args;
	struct lock_items items;
	struct platform wish[IMAGELIST_MAX_PLATFORMS];
	size_t nwishes;
	int64_t asof_ms;
	enum lock_make_where where;
	struct gather g;
};

static const char *path_of(const struct locking *k)
{
	return k->path != NULL		   ? k->path
	       : k->settings->lock != NULL ? k->settings->lock
					   : LOCKFILE_NAME;
}

static int read_lock(struct locking *k, struct err *e)
{
	struct err why;

	lockpath_look(path_of(k), &k->seen);
	if (lockpath_read(path_of(k), &k->lock, &why) == 0)
		return 0;
	if (why.kind != ERR_NOT_FOUND || k->check || k->remove || k->pin) {
		*e = why;
		return -1;
	}
	k->is_new = true;
	k->lock.head = mem_dup(head);
	return 0;
}

static int read_words(struct locking *k, struct err *e)
{
	if (k->update + k->remove + k->check + k->pin + k->unpin > 1)
		return err_set(e, ERR_INVALID,
			       "--update, --remove, --check, --pin and --unpin: one of "
			       "them");
	if ((k->pin || k->unpin) && k->files.n > 0)
		return err_set(e, ERR_INVALID,
			       "--pin and --unpin take files and folders, no lists");
	if (k->as_of != NULL && (k->remove || k->check || k->pin || k->unpin))
		return err_set(
			e, ERR_INVALID,
			"--as-of is for making a lock; it goes with --update alone");
	if (k->as_of != NULL &&
	    asof_date(view_of(k->as_of), clock_wall_ms(), &k->asof_ms, e) != 0)
		return err_add(e, "--as-of");
	if (k->json && k->markdown)
		return err_set(e, ERR_INVALID, "--json and --markdown: one of them");
	if ((k->diff || k->markdown) && (k->check || k->remove))
		return err_set(e, ERR_INVALID,
			       "--diff and --markdown are for locks that move: not with "
			       "--check or --remove");
	if (k->only != NULL && !k->check)
		return err_set(e, ERR_INVALID, "--only goes with --check");
	if (k->only != NULL && strcmp(k->only, "upstream") == 0)
		k->where = LOCK_MAKE_UPSTREAM;
	else if (k->only != NULL && strcmp(k->only, "store") == 0)
		k->where = LOCK_MAKE_STORE;
	else if (k->only != NULL)
		return err_set(e, ERR_INVALID, "--only upstream, or --only store");
	if (k->platform == NULL || strcmp(k->platform, "all") == 0)
		return 0;
	if (imagelist_platforms(view_of(k->platform), k->wish, &k->nwishes, e) != 0)
		return err_add(e, "--platform");
	return 0;
}

static int read_images(struct locking *k, const struct options *o, struct err *e)
{
	struct option_values list = k->files;
	bool whole = k->update || k->check || k->remove;

	if (o->n_operands == 0 && list.n == 0 && whole) {
		if (k->remove)
			return err_set(e, ERR_INVALID, "--remove what? Name images");
		return imageargs_add_lock(&k->args, &k->lock, e);
	}
	if (o->n_operands == 0 && list.n == 0 && k->settings->images != NULL)
		list.v[list.n++] = k->settings->images;
	if (o->n_operands == 0 && list.n == 0 && access("base-images.txt", R_OK) == 0)
		list.v[list.n++] = "base-images.txt";
	if (o->n_operands == 0 && list.n == 0)
		return err_set(
			e, ERR_INVALID,
			"no images: name some, or a list with --file FILE (there is "
			"no base-images.txt here)");
	return imageargs_read(&k->args, o->operand, o->n_operands, &list, k->envp, e);
}

/* --- what is to be done --- */

static void remove_all(struct locking *k)
{
	size_t i;

	for (i = 0; i < k->items.n; i++) {
		struct lock_item *it = &k->items.item[i];
		const struct imageref *r = &it->entry.image;

		if (it->result != LOCK_NONE)
			continue;
		it->result = LOCK_REMOVED;
		if (lockfile_remove(&k->lock, r->host, r->name.s, r->tag)) {
			k->changed = true;
			continue;
		}
		it->result = LOCK_FAILED;
		err_set(&it->err, ERR_NOT_FOUND, "it is not locked");
	}
}

/* Nobody is asked about what is as it should be. */
static bool leave_locked(struct locking *k)
{
	size_t i, n = 0;

	for (i = 0; i < k->items.n; i++) {
		struct lock_item *it = &k->items.item[i];

		if (it->result == LOCK_NONE && k->check && !it->had)
			it->result = LOCK_UNLOCKED;
		if (it->result == LOCK_NONE && it->had && !k->update && !k->check)
			it->result = LOCK_KEPT;
		n += it->result == LOCK_NONE;
	}
	return n > 0;
}

/* It is where it was, but wanted for other platforms. */
static bool has_new_wish(const struct locking *k, const struct lock_item *it)
{
	const struct imageref *r = &it->entry.image;
	const struct lockfile_entry *had =
		lockfile_find(&k->lock, r->host, r->name.s, r->tag);
	size_t n = it->entry.nwishes;

	return it->result == LOCK_SAME && had != NULL &&
	       (had->nwishes != n || (n > 0 && memcmp(had->wish, it->entry.wish,
						      n * sizeof(*had->wish)) != 0));
}

static void make_all(struct locking *k)
{
	struct lock_make_how how = { .wish = k->wish,
				     .nwishes = k->nwishes,
				     .has_asof = k->as_of != NULL,
				     .asof_ms = k->asof_ms,
				     .at_once = k->at_once };
	size_t i;

	lock_make_entries(&k->g, &k->items, &k->args, &k->lock, &how);
	for (i = 0; i < k->items.n; i++) {
		struct lock_item *it = &k->items.item[i];

		if (it->result != LOCK_NEW && it->result != LOCK_MOVED &&
		    it->result != LOCK_STALE && !has_new_wish(k, it))
			continue;
		if (lockfile_put(&k->lock, &it->entry, &it->err) != 0)
			it->result = LOCK_FAILED;
		else
			k->changed = true;
	}
}

/* A check looks for the platforms that a pull here would bring. */
static void set_platforms(struct locking *k)
{
	struct platform here;

	if (k->nwishes > 0) {
		imageargs_set_platforms(&k->args, k->wish, k->nwishes);
	} else if (k->platform == NULL) {
		here_platform(&here);
		imageargs_set_platforms(&k->args, &here, 1);
	}
}

static int work(struct locking *k, struct err *e)
{
	k->g = (struct gather){ .command = "lock",
				.settings = k->settings,
				.envp = k->envp,
				.quiet = k->quiet || !isatty(STDERR_FILENO),
				.unlocked = true,
				.lock = k->check ? &k->lock : NULL };
	gather_log(&k->g);
	signal(SIGPIPE, SIG_IGN);
	if (k->remove ? gather_open_plan(&k->g, e) != 0 : gather_open(&k->g, e) != 0)
		return -1;
	lock_items_make(&k->items, &k->args, k->g.plan, &k->lock);
	if (k->remove) {
		remove_all(k);
		return 0;
	}
	if (!leave_locked(k))
		return 0;
	if (k->check)
		set_platforms(k);
	if (k->check)
		lock_make_check(&k->g, &k->items, &k->args, k->where, k->at_once);
	else
		make_all(k);
	return 0;
}

/* --- how it ends --- */

static size_t count(const struct locking *k, enum lock_result r)
{
	return lock_items_count(&k->items, r);
}

static int status_of(const struct locking *k)
{
	size_t failed = count(k, LOCK_FAILED) + count(k, LOCK_UNKNOWN);
	size_t gone = count(k, LOCK_GONE);

	if (k->check && count(k, LOCK_DRIFT) + count(k, LOCK_MISSING) +
					count(k, LOCK_UNLOCKED) + gone >
				0)
		return EXIT_PARTLY;
	if (failed > 0 && (k->check || failed == k->items.n))
		return EXIT_FAILED;
	return failed + gone + count(k, LOCK_STALE) > 0 || k->unlooked ? EXIT_PARTLY
								       : EXIT_DONE;
}

static void fetch_inside(struct locking *k, struct inside *in)
{
	struct inside_moved *moved = mem_alloc((k->items.n + 1) * sizeof(*moved));
	size_t i, n = 0;

	for (i = 0; i < k->items.n; i++)
		if (k->items.item[i].result == LOCK_MOVED)
			moved[n++] = lock_report_moved(&k->items.item[i]);
	inside_fetch(in, moved, n);
	free(moved);
}

/* What an interrupted run has found is not half of a file. */
static int finish(struct locking *k, struct err *e)
{
	struct lock_report report = { .path = path_of(k),
				      .json = k->json,
				      .check = k->check,
				      .dry_run = k->dry_run,
				      .entries = k->lock.n };
	struct inside inside = { .gather = &k->g,
				 .fetch = k->diff,
				 .at_once = k->at_once };
	int rc = 0;

	if (k->diff || k->markdown) {
		report.inside = &inside;
		fetch_inside(k, &inside);
	}
	if (k->g.interrupted)
		inside_done(&inside);
	if (k->g.interrupted)
		return err_set(e, ERR_CANCELLED, "interrupted; %s is as it was",
			       path_of(k));
	if (!k->dry_run && (k->changed || (k->is_new && k->lock.n > 0))) {
		rc = lockpath_write(path_of(k), &k->lock, &k->seen, e);
		report.written = rc == 0;
	}
	if (rc == 0 && k->markdown)
		lock_report_page(&report, &k->items);
	else if (rc == 0)
		lock_report_print(&report, &k->items);
	k->unlooked = k->diff && inside.unknown > 0;
	inside_done(&inside);
	return rc;
}

static int pin(const struct locking *k, const struct options *o)
{
	struct lock_pin p = { .undo = k->unpin,
			      .dry_run = k->dry_run,
			      .lock = &k->lock,
			      .path = o->operand,
			      .npaths = o->n_operands,
			      .envp = k->envp };

	return lock_pin_run(&p);
}

static int run(struct locking *k, const struct options *o)
{
	struct err e = { 0 };
	int rc = read_words(k, &e);

	if (rc == 0 && !k->unpin)
		rc = read_lock(k, &e);
	if (rc == 0 && (k->pin || k->unpin))
		return pin(k, o);
	if (rc == 0)
		rc = read_images(k, o, &e);
	if (rc == 0)
		rc = work(k, &e);
	if (rc == 0)
		rc = finish(k, &e);
	gather_close(&k->g);
	if (rc == 0)
		return status_of(k);
	fprintf(stderr, "larder lock: %s\n", e.msg);
	return e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
}

int cmd_lock(int argc, char **argv, char **envp)
{
	struct locking k = { .envp = envp, .at_once = AT_ONCE, .lock = LOCKFILE_INIT };
	struct login login = { 0 };
	const struct option rows[] = {
		{ "file", 'f', OPTION_MANY, &k.files, "FILE",
		  "A list of images, one a line; may be said several times. - is "
		  "standard input." },
		{ "lock-file", 'o', OPTION_TEXT, &k.path, "FILE",
		  "The lock file (default: larder.lock of the settings, else larder.lock "
		  "in this directory)." },
		{ "update", 0, OPTION_FLAG, &k.update, NULL,
		  "Move the locks of these images, or of all, to where the tags are "
		  "now." },
		{ "as-of", 0, OPTION_TEXT, &k.as_of, "DATE",
		  "Lock tags to where they were then, as far as the store knows (larder "
		  "history): 2026-11-01 (the end of that day, UTC), 2026-11-01t1230z, or "
		  "2026-11-01T12:30:00Z. With --update, those that are locked already, "
		  "too.",
		  0, 0 },
		{ "remove", 0, OPTION_FLAG, &k.remove, NULL,
		  "Take these images out of the lock file." },
		{ "check", 0, OPTION_FLAG, &k.check, NULL,
		  "Write nothing; compare with the upstreams, which costs no quota, and "
		  "with the store." },
		{ "only", 0, OPTION_TEXT, &k.only, "upstream|store",
		  "With --check: compare with that alone." },
		{ "diff", 0, OPTION_FLAG, &k.diff, NULL,
		  "Say what changed inside images whose locks move (see larder diff); "
		  "fetches what is missing for it, a pull each." },
		{ "markdown", 0, OPTION_FLAG, &k.markdown, NULL,
		  "Print Markdown, for the pull request that changes the lock file." },
		{ "pin", 0, OPTION_FLAG, &k.pin, NULL,
		  "Write the locked digests into the files of PATH (default: this "
		  "folder), each beside its tag." },
		{ "unpin", 0, OPTION_FLAG, &k.unpin, NULL,
		  "Take them out again: the files are as they were." },
		{ "dry-run", 'n', OPTION_FLAG, &k.dry_run, NULL,
		  "Say what would be written, and write nothing." },
		{ "platform", 0, OPTION_TEXT, &k.platform, "LIST",
		  "For images without platforms of their own: linux/amd64,linux/arm64. "
		  "They must have these, and pull --file brings them. With --check, what "
		  "must be in the store (default: this machine's)." },
		{ "at-once", 'j', OPTION_COUNT, &k.at_once, "N",
		  "Images at once (default 4).", 1, BATCH_MAX_AT_ONCE },
		{ "quiet", 'q', OPTION_FLAG, &k.quiet, NULL, "No progress." },
		{ "json", 0, OPTION_FLAG, &k.json, NULL,
		  "Print JSON: an object a line for each image, and one for all." },
		LOGIN_OPTIONS(&login),
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "lock",
		.operands = "[IMAGE|PATH...]",
		.about = about,
		.done = "all are locked; with --check, all are as locked",
		.failed =
			"none is, or nothing could begin; with --check, it could not be "
			"found out",
		.partly = "some are, or not as their upstreams say now; with --check, "
			  "some are not as locked, not in the store, or not locked",
		.has_settings = true,
		.login = &login,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		k.settings = s;
		status = run(&k, &o);
	}
	lock_items_done(&k.items);
	imageargs_done(&k.args);
	lockfile_done(&k.lock);
	options_done(&o);
	return status;
}
