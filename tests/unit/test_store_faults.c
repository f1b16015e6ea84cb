/* Every operation that a change of the store makes fails once, and fails from then on,
 * and is the last before the process is killed. Whatever happened, the store then holds
 * nothing wrong, what was acknowledged is there, and the same change succeeds. The plan
 * is read once a process, so each step has a process and a store of its own; without
 * -Dfaults=true all is skipped. */
#include "unit.h"

#include <signal.h>

#include "manifest_try.h"
#include "store_try.h"
#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/partial.h"
#include "store/tag.h"

#define CONTENT "some content of a blob"

struct scenario {
	const char *name;
	void (*prepare)(struct store *s);
	int (*change)(struct store *s, struct err *e);
	/* done: acknowledged. Whatever is readable must be right. */
	bool (*is_right)(struct store *s, bool done);
};

/* --- scenarios -------------------------------------------------------------------------
 */

static void prepare_nothing(struct store *s)
{
	(void)s;
}

static int change_blob(struct store *s, struct err *e)
{
	struct digest d = try_digest(CONTENT);

	return blob_put(s, &d, CONTENT, strlen(CONTENT), e);
}

static bool blob_is_right(struct store *s, bool done)
{
	struct digest d = try_digest(CONTENT);
	layout_path path;

	layout_blob(path, &d);
	return try_exists(s, path) ? try_holds(s, path, CONTENT) : !done;
}

static void prepare_torn_blob(struct store *s)
{
	struct digest d = try_digest(CONTENT);
	layout_path path;

	layout_blob(path, &d);
	try_put(s, path, "");
}

static bool torn_blob_is_right(struct store *s, bool done)
{
	struct digest d = try_digest(CONTENT);

	return blob_exists(s, &d, NULL) ? blob_is_right(s, done) : !done;
}

static void prepare_partial(struct store *s)
{
	struct digest d = try_digest(CONTENT);
	layout_path path;

	layout_partial(path, &d);
	try_put(s, path, "some ");
}

/* Resume from what is there, as a flight does. */
static int change_partial(struct store *s, struct err *e)
{
	struct digest d = try_digest(CONTENT);
	struct partial p;
	int rc;

	if (blob_exists(s, &d, NULL))
		return 0;
	if (partial_open(s, &d, &p, e) != 0)
		return -1;
	rc = fs_pwrite_all(p.fd, &CONTENT[p.size], strlen(CONTENT) - p.size, p.size, e);
	if (rc == 0)
		rc = partial_commit(s, &d, &p, e);
	partial_close(s, &p);
	return rc;
}

/* A partial that is left holds a prefix. */
static bool partial_is_right(struct store *s, bool done)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1000);
	struct digest d = try_digest(CONTENT);
	layout_path path;

	layout_partial(path, &d);
	if (try_exists(s, path) &&
	    (fs_read(s->dirfd, path, &b, NULL) != 0 || b.n > strlen(CONTENT) ||
	     memcmp(buf_str(&b), CONTENT, b.n) != 0))
		return false;
	return torn_blob_is_right(s, done);
}

static void prepare_partial_and_torn_blob(struct store *s)
{
	prepare_partial(s);
	prepare_torn_blob(s);
}

static int put_manifest(struct store *s, const char *type, struct err *e)
{
	struct stored *m = try_stored(TRY_IMAGE, type);
	struct reponame name = try_name("a/b");
	struct manifest parsed;
	int rc;

	if (manifest_parse(view_of(TRY_IMAGE), &parsed, e) != 0)
		abort();
	rc = mstore_put(s, &name, m, &parsed, e);
	manifest_done(&parsed);
	stored_unref(m);
	return rc;
}

static int change_manifest(struct store *s, struct err *e)
{
	return put_manifest(s, "text/exact", e);
}

static bool manifest_is_right(struct store *s, bool done)
{
	struct reponame name = try_name("a/b");
	struct digest d = try_digest(TRY_IMAGE), layer, config;
	struct stored *m;
	bool right;

	digest_parse(VIEW(TRY_LAYER), &layer, NULL);
	digest_parse(VIEW(TRY_CONFIG), &config, NULL);
	if (mstore_get(s, &name, &d, &m, NULL) != 0)
		return !done && !link_exists(s, LINK_REVISION, &name, &d);
	right = strcmp(m->media_type, "text/exact") == 0 && m->n == strlen(TRY_IMAGE) &&
		memcmp(m->body, TRY_IMAGE, m->n) == 0 &&
		link_exists(s, LINK_LAYER, &name, &layer) &&
		link_exists(s, LINK_LAYER, &name, &config);
	stored_unref(m);
	return right;
}

static void prepare_tag(struct store *s)
{
	struct reponame name = try_name("a/b");
	struct digest d = try_digest("old");

	assert_int_equal(tag_set(s, &name, "v1", &d, NULL), 0);
}

static int change_tag(struct store *s, struct err *e)
{
	struct reponame name = try_name("a/b");
	struct digest d = try_digest("new");

	return tag_set(s, &name, "v1", &d, e);
}

/* The old one or the new, and never gone. */
static bool moved_tag_is_right(struct store *s, bool done)
{
	struct digest was = try_digest("old"), now = try_digest("new"), got;
	struct reponame name = try_name("a/b");

	return tag_get(s, &name, "v1", &got, NULL) == 0 &&
	       (digest_equal(&got, &now) || (!done && digest_equal(&got, &was)));
}

static bool first_tag_is_right(struct store *s, bool done)
{
	struct digest now = try_digest("new"), got;
	struct reponame name = try_name("a/b");
	struct err e;

	if (tag_get(s, &name, "v1", &got, &e) != 0)
		return !done && e.kind == ERR_NOT_FOUND;
	return digest_equal(&got, &now);
}

static const struct scenario scenarios[] = {
	{ "blob_put", prepare_nothing, change_blob, blob_is_right },
	{ "blob_put, torn", prepare_torn_blob, change_blob, torn_blob_is_right },
	{ "partial_commit", prepare_nothing, change_partial, partial_is_right },
	{ "partial_commit, resumed", prepare_partial, change_partial, partial_is_right },
	{ "partial_commit, torn", prepare_partial_and_torn_blob, change_partial,
	  partial_is_right },
	{ "mstore_put", prepare_nothing, change_manifest, manifest_is_right },
	{ "tag_set, first", prepare_nothing, change_tag, first_tag_is_right },
	{ "tag_set, moved", prepare_tag, change_tag, moved_tag_is_right },
};

/* --- what holds of every store ---------------------------------------------------------
 */

/* docker/registry/v2/blobs/<alg>/<2 hex>/<hex>/data: the bytes have the digest. */
static bool blob_file_is_right(const char *path)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1 << 20);
	struct digest d;
	layout_path want;

	if (fs_read(AT_FDCWD, path, &b, NULL) != 0)
		return false;
	if (b.n == 0)
		return true; /* torn by prepare_torn_blob; none to blob_exists */
	digest_of(HASH_SHA256, buf_str(&b), b.n, &d);
	layout_blob(want, &d);
	return strstr(path, want) != NULL;
}

/* A link repeats the digest that its path names; that of a current tag is any. */
static bool link_file_is_right(const char *path)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(1000);
	char hex[DIGEST_HEX_MAX];
	struct digest d;

	if (fs_read(AT_FDCWD, path, &b, NULL) != 0 ||
	    digest_parse(buf_view(&b), &d, NULL) != 0)
		return false;
	digest_hex(&d, hex);
	return strstr(path, "/current/link") != NULL || strstr(path, hex) != NULL;
}

static int look_at_file(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	const char *base = path + ftw->base;
	bool right = true;

	if (type != FTW_F)
		return 0;
	if (strstr(path, LAYOUT_TMP "/") != NULL)
		right = false; /* opening has swept it */
	else if (strcmp(base, "data") == 0)
		right = blob_file_is_right(path);
	else if (strcmp(base, "link") == 0)
		right = link_file_is_right(path);
	if (!right)
		print_error("wrong: %s\n", path);
	return !right;
}

static bool store_is_right(const char *root)
{
	return nftw(root, look_at_file, 16, FTW_PHYS) == 0;
}

/* --- one step --------------------------------------------------------------------------
 * Each part is a process, so that this one, which they are forked from, never comes to a
 * fault point. */

enum { DONE, REFUSED, WRONG, WRONG_AGAIN, BROKEN, KILLED };

static int prepare(const struct scenario *sc, struct store *s, int came)
{
	(void)came;
	sc->prepare(s);
	return DONE;
}

static int change(const struct scenario *sc, struct store *s, int came)
{
	struct err e = { 0 };

	(void)came;
	if (sc->change(s, &e) == 0)
		return DONE;
	return e.msg[0] != '\0' ? REFUSED : BROKEN;
}

static int check(const struct scenario *sc, struct store *s, int came)
{
	struct err e;

	if (!store_is_right(s->root) || !sc->is_right(s, came == DONE))
		return WRONG;
	if (sc->change(s, &e) != 0 || !store_is_right(s->root) || !sc->is_right(s, true))
		return WRONG_AGAIN;
	return DONE;
}

static int in_a_process(int (*part)(const struct scenario *, struct store *, int),
			const struct scenario *sc, const char *root, const char *plan,
			int came)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s;
		struct err e = { 0 };

		setenv("LARDER_FAULTS", plan, 1);
		if (store_open(root, &s, &e) != 0)
			_exit(e.msg[0] != '\0' ? REFUSED : BROKEN);
		_exit(part(sc, s, came));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGKILL ? KILLED : BROKEN;
}

/* The scenario in a store of its own under this plan, and all that must hold then. */
static int try_plan(const struct scenario *sc, const char *plan)
{
	struct tmpdir *tmp;
	int came, is;

	/* In memory, if there is such a place: thousands of fsyncs. */
	if (tmpdir_make("/dev/shm", (void **)&tmp) != 0)
		assert_int_equal(tmpdir_setup((void **)&tmp), 0);
	is = in_a_process(prepare, sc, tmp->path, "", DONE);
	assert_int_equal(is, DONE);
	came = in_a_process(change, sc, tmp->path, plan, DONE);
	if (came == BROKEN)
		fail_msg("%s with %s: no message, or crashed", sc->name, plan);
	is = in_a_process(check, sc, tmp->path, "", came);
	if (is != DONE)
		fail_msg("%s with %s: wrong %s", sc->name, plan,
			 is == WRONG ? "after it" : "when done again");
	assert_int_equal(tmpdir_teardown((void **)&tmp), 0);
	return came;
}

static void sweep(const struct scenario *sc, const char *point, unsigned *steps)
{
	static const char *const failures[] = { "=EIO", "+=ENOSPC" };
	char plan[80];
	unsigned n;
	size_t i;

	for (n = 1;; n++) {
		snprintf(plan, sizeof(plan), "%s:%u=kill", point, n);
		if (try_plan(sc, plan) != KILLED)
			return; /* it has no n-th such operation */
		(*steps)++;
		for (i = 0; i < ARRAY_LEN(failures); i++) {
			snprintf(plan, sizeof(plan), "%s:%u%s", point, n, failures[i]);
			try_plan(sc, plan);
		}
	}
}

/* Not without fault points, and not under the thread sanitizer: thousands of processes
 * that take it long to start, and each has one thread. */
static bool worth_it(void)
{
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
	return false;
#endif
#endif
#if !defined(LARDER_FAULTS_BUILT) || defined(__SANITIZE_THREAD__)
	return false;
#else
	return true;
#endif
}

static void every_operation(void **state)
{
	static const char *const points[] = { "store.partial", "fs.create", "fs.write",
					      "fs.fsync",      "fs.mkdir",  "fs.rename",
					      "fs.link",       "fs.unlink" };
	unsigned steps = 0;
	size_t i, j;

	if (!worth_it())
		skip();
	for (i = 0; i < ARRAY_LEN(scenarios); i++)
		for (j = 0; j < ARRAY_LEN(points); j++)
			sweep(&scenarios[i], points[j], &steps);
	assert_in_range(steps, 80, 1000); /* the points are where they were */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation),
	};

	log_setup(LOG_ERROR, LOG_TEXT);
	return cmocka_run_group_tests_name("store, failing", tests, NULL, NULL);
}
