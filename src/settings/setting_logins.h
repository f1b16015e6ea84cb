/*
 * setting_logins.h - larder.upstreams.*.credentials as a list: several logins, each for
 * the repositories that its patterns name.
 */
#ifndef LARDER_SETTINGS_SETTING_LOGINS_H
#define LARDER_SETTINGS_SETTING_LOGINS_H

#include "settings/settings.h"
#include "base/err.h"
#include "codec/yaml.h"

#define SETTING_LOGINS_MAX 63 /* of one upstream */
#define SETTING_LOGIN_NAMES_MAX 1000

/* Replaces what there was by a list; *line is where an error is. Password files are read
 * by setting_logins_complete. */
int setting_logins_set(struct setting_upstream *u, const struct yaml *list, int *line,
		       struct err *e);
/* Empties it; secrets are wiped. */
void setting_logins_clear(struct setting_upstream *u);
/* Reads the password files, and checks the whole. */
int setting_logins_complete(struct setting_upstream *u, struct err *e);
/* The password in a file; setting: what to call it in an error. */
int setting_logins_read_password(const char *path, const char *setting, char **out,
				 struct err *e);

#endif
