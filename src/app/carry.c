/*
 * carry.c - a line of progress, signals, and opening what was named.
 */
#include "app/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/options.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/human.h"
#include "base/mem.h"
#include "store/layout.h"

#define BAR_MS 200
#define LINE_MS 10000
#define PIECE_BYTES (256u << 10)

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	if (interrupted)
		_exit(EXIT_FAILED);
	interrupted = 1;
}

bool carry_interrupted(void)
{
	return interrupted != 0;
}

static void draw(struct carry *c, uint64_t done, uint64_t all)
{
	char part[HUMAN_MAX], whole[HUMAN_MAX];

	human_bytes(done, part);
	human_bytes(all, whole);
	if (c->show == PULL_SHOW_BARS)
		fprintf(stderr, "\r\033[K%s%s%s %s", part, all > 0 ? " of " : "",
			all > 0 ? whole : "", c->verb);
	else
		fprintf(stderr, "larder %s: %s%s%s %s\n", c->command, part,
			all > 0 ? " of " : "", all > 0 ? whole : "", c->verb);
	c->drawn = c->show == PULL_SHOW_BARS;
	fflush(stderr);
}

static bool step(void *arg, uint64_t done, uint64_t all)
{
	struct carry *c = arg;
	int64_t now_ms = clock_mono_ms();

	if (c->show != PULL_SHOW_NOTHING &&
	    now_ms - c->shown_ms >= (c->show == PULL_SHOW_BARS ? BAR_MS : LINE_MS)) {
		c->shown_ms = now_ms;
		draw(c, done, all);
	}
	return !interrupted;
}

void carry_init(struct carry *c, const char *command, bool quiet, char **envp)
{
	struct sigaction sa = { .sa_handler = on_signal };

	*c = (struct carry){
		.command = command,
		.show = quiet ? PULL_SHOW_NOTHING : pull_show_choose(envp),
		.verb = "read",
		.shown_ms = clock_mono_ms(),
		.watch = { step, c },
	};
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void carry_done(struct carry *c)
{
	if (c->drawn)
		fputs("\r\033[K", stderr);
	c->drawn = false;
	fflush(stderr);
}

/* --- bundles --- */

static int copy_in(struct carry *c, int from, int to, struct err *e)
{
	CLEANUP(mem_freep)
	char *piece = mem_alloc(PIECE_BYTES);
	uint64_t at = 0;
	ssize_t n;

	for (;;) {
		if (!c->watch.step(c->watch.arg, at, 0))
			return err_set(e, ERR_CANCELLED, "interrupted");
		n = read(from, piece, PIECE_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot read");
		if (n == 0)
			return 0;
		if (fs_pwrite_all(to, piece, (size_t)n, at, e) != 0)
			return err_add(e,
				       "what comes by a pipe is kept in the store while "
				       "it is read");
		at += (uint64_t)n;
	}
}

/* Goes with its descriptor. */
static int spool(struct carry *c, int *fd, struct store *s, struct err *e)
{
	layout_path path;
	int copy;

	if (s == NULL)
		return err_set(e, ERR_INVALID, "it must be a folder or a file");
	copy = fs_temp(s->dirfd, LAYOUT_TMP, path, sizeof(path), e);
	if (copy < 0)
		return -1;
	fs_unlink(s->dirfd, path, NULL);
	if (copy_in(c, *fd, copy, e) != 0) {
		close(copy);
		return -1;
	}
	close(*fd);
	*fd = copy;
	return 0;
}

static int open_kind(struct carry *c, struct store *s, struct carried *b, struct err *e)
{
	struct stat st;

	if (fstat(b->fd, &st) != 0)
		return err_errno(e, "cannot stat");
	if (S_ISDIR(st.st_mode))
		return bundle_open_dir(b->fd, &b->bundle, e);
	if (!S_ISREG(st.st_mode) && spool(c, &b->fd, s, e) != 0)
		return -1;
	return bundle_tar_open(b->fd, &c->watch, &b->bundle, e);
}

int carry_open(struct carry *c, const char *path, struct store *s, struct carried *out,
	       struct err *e)
{
	struct carried b = { .fd = -1 };
	bool is_input = strcmp(path, "-") == 0;

	b.fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			: fs_open(AT_FDCWD, path, e);
	if (b.fd < 0)
		return is_input ? err_errno(e, "standard input") : -1;
	c->verb = "read";
	if (open_kind(c, s, &b, e) != 0) {
		carry_close(&b);
		return err_add(e, "%.300s", is_input ? "standard input" : path);
	}
	*out = b;
	return 0;
}

void carry_close(struct carried *b)
{
	bundle_close(b->bundle);
	b->bundle = NULL;
	mem_closep(&b->fd);
}
