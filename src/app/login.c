/*
 * login.c - reading a password from where it is safe. No state.
 */
#include "app/login.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/setting_env.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"

#define PASSWORD_MAX_BYTES 65536

static void wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

static int read_stdin(struct buf *b, struct err *e)
{
	char *room = buf_room(b, PASSWORD_MAX_BYTES);
	size_t n = 0;
	ssize_t got;

	while (n < PASSWORD_MAX_BYTES) {
		got = read(STDIN_FILENO, room + n, PASSWORD_MAX_BYTES - n);
		if (got < 0)
			return err_errno(e, "--password-stdin");
		if (got == 0)
			break;
		n += (size_t)got;
	}
	buf_grew(b, n);
	return 0;
}

/* The password, from wherever it is said to be; NULL: *e. */
static char *read_password(const struct login *l, char **envp, struct err *e)
{
	CLEANUP(wipe)
	struct buf b = BUF_INIT(PASSWORD_MAX_BYTES);
	const char *given = setting_env_get(envp, "DOCKER_PASSWORD");
	const char *from = "--password-stdin";

	if (l->password_file != NULL) {
		from = l->password_file;
		if (fs_read(AT_FDCWD, l->password_file, &b, e) != 0) {
			err_add(e, "--password-file");
			return NULL;
		}
	} else if (l->password_stdin) {
		if (read_stdin(&b, e) != 0)
			return NULL;
	} else if (given != NULL && *given != '\0') {
		return mem_dup(given);
	} else {
		err_set(e, ERR_INVALID,
			"--username needs --password-stdin or --password-file");
		return NULL;
	}
	while (b.n > 0 && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
		b.n--;
	if (b.n > 0 && memchr(b.p, '\0', b.n) == NULL)
		return mem_dupn(b.p, b.n);
	err_set(e, ERR_INVALID, "%s holds no password", from);
	return NULL;
}

int login_read(const struct login *l, char **envp, struct setting_login *out,
	       struct err *e)
{
	const char *username = l->username;

	if (l->password_stdin && l->password_file != NULL)
		return err_set(e, ERR_INVALID,
			       "--password-stdin and --password-file: one of them");
	if (username == NULL && !l->password_stdin && l->password_file == NULL)
		return 0;
	if (username == NULL)
		username = setting_env_get(envp, "DOCKER_USERNAME");
	if (username == NULL || *username == '\0' || strchr(username, ':') != NULL)
		return err_set(e, ERR_INVALID,
			       "a password needs a user name without a colon: --username "
			       "NAME, or DOCKER_USERNAME");
	out->password = read_password(l, envp, e);
	if (out->password == NULL)
		return -1;
	out->username = mem_dup(username);
	return 1;
}
