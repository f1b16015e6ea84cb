/*
 * setting_draft.h - settings while they are being put together.
 *
 * Holds what sources say before it is resolved into a struct settings. One thread.
 */
#ifndef LARDER_SETTINGS_SETTING_DRAFT_H
#define LARDER_SETTINGS_SETTING_DRAFT_H

#include <stddef.h>

#include "settings/settings.h"
#include "base/err.h"

#define SETTING_UPSTREAMS_MAX 256
#define SETTING_WARNINGS_MAX 100

struct draft_upstream {
	struct setting_upstream u; /* first: rows count offsets from here */
	char *password_file;
};

struct setting_draft {
	struct settings s;		   /* first: rows count offsets from here */
	bool command;			   /* for settings_load_command */
	const struct setting_login *login; /* with command; NULL: none */
	bool wants_htpasswd;		   /* auth: htpasswd */
	char *remote_url, *remote_username, *remote_password;
	/* as written; once resolved they go to s.upstreams */
	struct draft_upstream *upstreams;
	size_t n_upstreams;
};

void setting_draft_init(struct setting_draft *d);
void setting_draft_done(struct setting_draft *d); /* secrets are wiped; for CLEANUP */
/* The entry of that canonical host, made if need be; NULL: too many. Pointers are good
 * until the next call. */
struct draft_upstream *setting_draft_upstream(struct setting_draft *d, const char *host);
/* For the operator; repeated texts count once, and past the limit they are dropped. */
__attribute__((format(printf, 2, 3))) void setting_draft_warn(struct setting_draft *d,
							      const char *fmt, ...);
/* Empties s and frees what it holds, not s itself. */
void setting_draft_clear(struct settings *s);
/* Frees and, for the secrets among them, wipes. */
void setting_draft_drop(char **text);

#endif
