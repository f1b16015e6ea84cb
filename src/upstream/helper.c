/*
 * helper.c - one child process, its output bounded in size and time.
 *
 * Standard input is a memory file, so that a child which does not read cannot block us or
 * raise SIGPIPE. The child leads a process group, so that what it starts dies with it.
 */
#include "upstream/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "upstream/gate.h"

#define LOOK_MS 100 /* how often the stop is looked for */

extern char **environ;

bool helper_name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789._-");

	return n > 0 && n <= 64 && name[n] == '\0';
}

/* The child starts with no signal blocked or ignored: a pool thread has all blocked. */
static int set_attr(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawnattr_init(attr) != 0)
		return -1;
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETPGROUP);
	return 0;
}

static int spawn(const char *program, int in, int out, pid_t *pid)
{
	char *const argv[] = { (char *)program, (char *)"get", NULL };
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	int rc;

	if (set_attr(&attr) != 0)
		return ENOMEM;
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, in, 0);
	posix_spawn_file_actions_adddup2(&acts, out, 1);
	posix_spawn_file_actions_addopen(&acts, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&acts, 3);
	rc = posix_spawnp(pid, program, &acts, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* 1: more may come, 0: end, -1: too much. */
static int read_some(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n = read(fd, part, sizeof(part));
	int rc = n <= 0 ? 0 : buf_add(out, part, (size_t)n) == 0 ? 1 : -1;

	explicit_bzero(part, sizeof(part));
	return n < 0 && (errno == EINTR || errno == EAGAIN) ? 1 : rc;
}

/* Until the child has ended its output and itself. -1: it must be killed, *e says why. */
static int attend(int out_fd, int pid_fd, struct buf *out, struct err *e)
{
	int64_t end = clock_mono_ms() + HELPER_LIMIT_MS;
	struct pollfd p[2] = { { .fd = out_fd, .events = POLLIN },
			       { .fd = pid_fd, .events = POLLIN } };

	/* Once the child is gone, what it left running may hold the pipe: take what is
	 * there. */
	while (p[1].fd >= 0) {
		int64_t left = end - clock_mono_ms();
		int rc;

		if (gate_stopped())
			return gate_stopped_err(e);
		if (left <= 0)
			return err_set(e, ERR_DENIED, "did not answer within %d s",
				       HELPER_LIMIT_MS / 1000);
		poll(p, 2, (int)(left < LOOK_MS ? left : LOOK_MS));
		if (p[0].fd >= 0 && p[0].revents != 0) {
			rc = read_some(out_fd, out);
			if (rc < 0)
				return err_set(e, ERR_DENIED,
					       "printed more than %d bytes",
					       HELPER_MAX_OUTPUT);
			if (rc == 0)
				p[0].fd = -1;
		} else if (p[1].revents != 0) {
			p[1].fd = -1;
		}
	}
	return 0;
}

static int give_input(const char *server, struct err *e)
{
	int fd = memfd_create("credential-helper-input", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "memfd");
	if (fs_pwrite_all(fd, server, strlen(server), 0, e) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int helper_get(const char *name, const char *server, struct buf *out, int *status,
	       struct err *e)
{
	CLEANUP(mem_freep)
	char *program = mem_fmt("docker-credential-%s", name);
	CLEANUP(mem_closep)
	int in = -1, from = -1, to = -1, pid_fd = -1;
	int pipe_fd[2], wstatus = 0, rc;
	pid_t pid;

	in = give_input(server, e);
	if (in < 0)
		return -1;
	if (pipe2(pipe_fd, O_CLOEXEC) != 0)
		return err_errno(e, "pipe");
	from = pipe_fd[0];
	to = pipe_fd[1];
	rc = spawn(program, in, to, &pid);
	if (rc != 0)
		return err_set(e, ERR_DENIED, "%s: cannot run it: %s", program,
			       rc == ENOENT ? "not found in PATH" : strerrordesc_np(rc));
	mem_closep(&to);
	pid_fd = pidfd_open(pid, 0);
	rc = pid_fd < 0 ? err_errno(e, "pidfd_open") : attend(from, pid_fd, out, e);
	if (rc != 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	if (rc != 0)
		return err_add(e, "%s", program);
	*status = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128;
	return 0;
}
