/*
 * scan_with.c - `larder scan --with trivy|grype`: another scanner over what is in the
 * store, given as an OCI layout in a temporary folder.
 *
 * It runs in a process group of its own, so that what it starts ends with it; interrupts
 * are passed on to it.
 */
#include "app/scan_with.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/scan.h"
#include "settings/setting_env.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "carry/export.h"

#define STEP_NS 50000000
#define PATH_BYTES 4096
#define MAX_ARGS (OPTION_MAX_VALUES + 8)

/* --- the folder --- */

static int make_folder(struct scan *s, char path[PATH_BYTES], struct err *e)
{
	const char *tmp = setting_env_get(s->envp, "TMPDIR");

	/* Beside the layers there is room for them; what a crash leaves there is removed
	 * when the store is next opened. */
	if (s->store == s->g.store)
		snprintf(path, PATH_BYTES, "%s/larder/tmp/scan-XXXXXX", s->store->root);
	else
		snprintf(path, PATH_BYTES, "%s/larder-scan-XXXXXX",
			 tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	return mkdtemp(path) != NULL ? 0 : err_errno(e, "%s", path);
}

static int fill_folder(struct scan *s, const struct scan_target *t, const char *path,
		       struct err *e)
{
	CLEANUP(mem_closep)
	int fd = fs_open_dir(AT_FDCWD, path, e);
	struct export_image im = { .repo = t->repo, .digest = t->manifest };
	struct export_job job = { .store = s->store, .image = &im, .n = 1 };
	struct export *x;
	int rc;

	if (fd < 0)
		return -1;
	snprintf(im.name, sizeof(im.name), "%s", t->text);
	im.tag = t->image.tag[0] != '\0' ? t->image.tag : NULL;
	x = export_plan(&job, e);
	if (x == NULL)
		return -1;
	if (im.failed)
		*e = im.why;
	rc = im.failed ? -1 : export_dir_write(x, fd, e);
	export_plan_free(x);
	return rc;
}

/* --- the scanner --- */

static void set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETPGROUP);
}

static int start(char *const *argv, char *const *envp, pid_t *pid)
{
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	int rc;

	set_signals(&attr);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&acts, 3);
	rc = posix_spawnp(pid, argv[0], &acts, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&acts);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* Until it has ended. -1: it took too long, or was interrupted twice, and was killed. */
static int attend(const struct scan *s, pid_t pid, const sigset_t *set, int *status,
		  struct err *e)
{
	static const struct timespec step = { 0, STEP_NS };
	int64_t end_ms = clock_mono_ms() + (int64_t)s->limit_s * 1000;
	unsigned interrupts = 0;
	int number;
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0 ||
	       (got < 0 && errno == EINTR)) {
		number = sigtimedwait(set, NULL, &step);
		if (number > 0)
			kill(-pid, interrupts++ == 0 ? number : SIGKILL);
		if (clock_mono_ms() < end_ms)
			continue;
		kill(-pid, SIGKILL);
		while (waitpid(pid, status, 0) < 0 && errno == EINTR)
			;
		return err_set(e, ERR_LIMIT,
			       "%s was ended after %u s; --timeout gives it longer",
			       s->with, s->limit_s);
	}
	kill(-pid, SIGKILL); /* what it has left behind */
	return 0;
}

static int run(struct scan *s, const char *path, char **args, size_t n, int *status,
	       struct err *e)
{
	CLEANUP(mem_freep)
	char *place = mem_fmt("oci-dir:%s", path);
	char *argv[MAX_ARGS], image[] = "image", input[] = "--input";
	sigset_t set, before;
	size_t i, k = 0;
	pid_t pid;
	int rc;

	argv[k++] = (char *)s->with;
	if (strcmp(s->with, "trivy") == 0) {
		argv[k++] = image;
		argv[k++] = input;
		argv[k++] = place + strlen("oci-dir:");
	} else {
		argv[k++] = place;
	}
	for (i = 0; i < n && k + 1 < MAX_ARGS; i++)
		argv[k++] = args[i];
	argv[k] = NULL;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	rc = start(argv, s->envp, &pid);
	if (rc != 0)
		rc = err_set(e, ERR_NOT_FOUND, "cannot run %s: %s", s->with,
			     rc == ENOENT
				     ? "it is not installed, or not in PATH; without "
				       "--with, larder compares with data of its own"
				     : strerrordesc_np(rc));
	else
		rc = attend(s, pid, &set, status, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int scan_one(struct scan *s, const struct scan_target *t, char **args, size_t n,
		    int *out, struct err *e)
{
	char path[PATH_BYTES];
	int rc, status = 0;

	if (make_folder(s, path, e) != 0)
		return -1;
	rc = fill_folder(s, t, path, e);
	if (rc == 0)
		rc = run(s, path, args, n, &status, e);
	fs_remove_tree(AT_FDCWD, path);
	*out = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return rc;
}

int scan_with(struct scan *s, char **args, size_t n)
{
	int worst = EXIT_DONE, status = 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct scan_target *t = &s->target[i];

		if (!t->failed) {
			fprintf(stderr, "larder scan: %s: %s\n", t->text, s->with);
			t->failed = scan_one(s, t, args, n, &status, &t->why) != 0;
		}
		if (t->failed) {
			fprintf(stderr, "larder scan: %s: %s\n", t->text, t->why.msg);
			status = EXIT_FAILED;
		}
		worst = status > worst ? status : worst;
	}
	return worst;
}
