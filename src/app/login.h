/*
 * login.h - --username, --password-stdin and --password-file: who a command is at the
 * default upstream, whatever settings and variables say.
 */
#ifndef LARDER_APP_LOGIN_H
#define LARDER_APP_LOGIN_H

#include <stdbool.h>

#include "settings/settings.h"
#include "base/err.h"

/* What options.h puts in, borrowed from argv. */
struct login {
	const char *username, *password_file;
	bool password_stdin;
};

#define LOGIN_OPTIONS(l)                                                                 \
	{ "username",                                                                    \
	  'u',                                                                           \
	  OPTION_TEXT,                                                                   \
	  &(l)->username,                                                                \
	  "NAME",                                                                        \
	  "Log in at Docker Hub (the default upstream) as NAME; the password is read "   \
	  "as "                                                                          \
	  "said by one of the next two, or from DOCKER_PASSWORD." },                     \
		{ "password-stdin",                                                      \
		  0,                                                                     \
		  OPTION_FLAG,                                                           \
		  &(l)->password_stdin,                                                  \
		  NULL,                                                                  \
		  "Read the password or token from standard input." },                   \
	{                                                                                \
		"password-file", 0, OPTION_TEXT, &(l)->password_file, "FILE",            \
			"Read it from a file, such as a mounted secret."                 \
	}

/* 1: *out is filled (setting_login_done). 0: nothing was said. -1: *e. */
int login_read(const struct login *l, char **envp, struct setting_login *out,
	       struct err *e);

#endif
