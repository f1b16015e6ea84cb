/*
 * settings.h - everything that can be configured, read, checked, as plain data.
 *
 * Sources, later ones winning: the defaults; a file in the form of registry:2's
 * config.yml; the environment (REGISTRY_*, then LARDER_*); flags. setting_table.c has the
 * one row a setting that all of this follows from.
 *
 * A struct settings never changes after settings_load, so any number of threads may read
 * it. Strings belong to it; NULL means "not given" where the field says so.
 */
#ifndef LARDER_SETTINGS_SETTINGS_H
#define LARDER_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "oci/rules.h"

/* How long the answer "this tag is this digest" is believed. */
struct setting_tag {
	char *pattern;	/* oci/pattern.h, over host/name:tag */
	bool pinned;	/* never asked again */
	int64_t age_ms; /* else asked again when older; 0: always */
};

/* Which tags of a mirrored repository stay; larder.keep. */
struct setting_keep {
	char *pattern;	 /* oci/pattern.h, over host/name:tag */
	bool local;	 /* over name:tag of repositories that live here */
	unsigned last;	 /* the newest so many stay; 0: not said */
	int64_t used_ms; /* what was used within that stays; 0: not said */
};

/* Bytes, or a part of something. Both 0: not given. */
struct setting_size {
	uint64_t bytes;
	unsigned percent;
};

struct setting_header {
	char *name; /* a token, as written */
	char *value;
};

/* A login for some of an upstream's repositories. */
struct setting_account {
	char *username, *password;
	char *password_file; /* where the password was read from; NULL: it was given */
	char **names;	     /* oci/pattern.h, without tags; none: for all */
	size_t n_names;
};

struct setting_upstream {
	char *host; /* as in image names, canonical (registry_host_parse): "docker.io" */
	char *url;  /* "https://registry-1.docker.io": http or https, no "/" at the end */
	char *username, *password;	/* both or neither (NULL); NULL with logins */
	struct setting_account *logins; /* in order; the last may be without names */
	size_t n_logins;
	char *ca_file;	    /* PEM, besides the system's; NULL: none */
	char *realm_host;   /* a foreign token realm that may have the credential; NULL */
	bool has_freshness; /* freshness_ms counts instead of settings.freshness_ms */
	int64_t freshness_ms; /* 0: always */
	bool is_default;      /* serves names without a host; at most one upstream does */
};

struct settings {
	/* what to do: not settings proper */
	bool print;	   /* --print-settings was given */
	char *config_path; /* the file that was read; NULL: none */

	/* storage */
	char *root;    /* directory of the store; need not exist yet */
	bool readonly; /* storage.maintenance.readonly.enabled: nothing may be pushed or
			  deleted */
	bool deletes;  /* of local repositories, by request */
	bool purge_uploads;
	int64_t upload_age_ms; /* with purge_uploads: at rest for so long, they go */
	int64_t purge_interval_ms;

	/* http */
	char *addr;	      /* as given, for messages: "127.0.0.1:5000" */
	char *listen_host;    /* name or numeric address; NULL: all, IPv4 and IPv6 */
	uint16_t listen_port; /* 0: one that the kernel chooses */
	struct setting_header *headers; /* added to every response */
	size_t n_headers;
	char *tls_certificate, *tls_key; /* paths; both or neither (NULL) */
	char **tls_client_cas;		 /* paths */
	size_t n_tls_client_cas;
	char *tls_minimum; /* "tls1.2" */
	int64_t drain_ms; /* how long a stop waits for what is in flight; 0: not at all */

	/* who may do what */
	char *htpasswd, *realm; /* both or neither (NULL) */
	struct rule *access;	/* oci/rules.h */
	size_t n_access;

	/* log */
	enum log_level log_level;
	enum log_format log_format;
	bool access_log;

	/* mirror */
	bool mirror;  /* docker.io and the well-known registries were asked for */
	bool assumed; /* they were not, but a command works as if */
	struct setting_upstream *upstreams;
	size_t n_upstreams; /* 0: a local registry */
	size_t n_named;	    /* the first so many: what is said of them in the settings */
	int64_t freshness_ms; /* age at which a tag is checked again; 0: always */
	int64_t patience_ms;  /* longest wait for a check when there is a copy to answer
				 with */
	int64_t negative_ms;  /* how long an upstream's 404 is remembered; 0: not */
	struct setting_tag *tags; /* the first pattern that matches decides */
	size_t n_tags;
	char **local; /* patterns of names that live here and are never looked up outside
		       */
	size_t n_local;
	bool sparse_indexes; /* an index may be pushed without all it names */
	char *docker_config; /* Docker's config.json to take credentials from; NULL: none
			      */
	char *ca_file;	     /* PEM for all upstreams, besides the system's; NULL: none */
	int64_t connect_ms;  /* to reach an upstream */
	int64_t header_ms;   /* from the request sent to the first header line */
	int64_t stall_ms;    /* without a byte of a body */
	unsigned flights;    /* downloads at once */

	char *policy; /* path of trust/policy_file.h; NULL: everything is served */

	char *images;	  /* path of a list of images; NULL: none */
	char *lock;	  /* path of a lock file (oci/lockfile.h); NULL: none */
	char *schedule;	  /* base/cron.h, valid, and images is set; NULL: never */
	unsigned reserve; /* pulls that the schedule leaves */

	struct setting_size size;     /* the store's; a part of its disk's */
	struct setting_size size_low; /* a part of size */
	struct setting_keep *keep;    /* the first pattern that matches decides */
	size_t n_keep;
	int64_t collect_ms; /* between two collections; 0: none */
	int64_t grace_ms;   /* for pushed blobs that no manifest names */
	int64_t scrub_ms;   /* between two full scrubs; 0: none */
	int64_t scrub_rate; /* bytes a second; 0: none */

	char *vulnerabilities; /* a folder, or "oci:" and an artifact's name; NULL */
	int64_t vulnerabilities_age_ms; /* older than this is worth a warning; 0: never */

	/* size of the house */
	unsigned threads;     /* that serve HTTP; at least 1 */
	unsigned connections; /* of clients at once, bounded by RLIMIT_NOFILE */

	/* what the operator should read, one a line, without secrets: log each as a
	 * warning */
	char **warnings;
	size_t n_warnings;
};

/*
 * argv[0] is the subcommand's name, the rest its arguments: flags of the table, and at
 * most one path of a configuration file; without one, LARDER_CONFIG or
 * REGISTRY_CONFIGURATION_PATH name it, or there is none. Reads that file and those that
 * settings name (password-file); contacts nobody, creates nothing. envp ends with NULL.
 * The same call again (SIGHUP) reads everything afresh; the caller keeps the old settings
 * when it fails.
 *
 * ERR_INVALID: a message that names the setting, where it stands (flag, variable, or
 * file:line) and what would be right; never a secret. ERR_NOT_FOUND, ERR_DENIED, ERR_IO:
 * a file that cannot be read. *out is set on success only; free it with settings_free.
 */
int settings_load(int argc, char **argv, char **envp, struct settings **out,
		  struct err *e);

/* Who a command is at the default upstream. Owned, and wiped at its end. */
struct setting_login {
	char *username, *password;
};
void setting_login_done(struct setting_login *l);

/* The same for a command that works for a moment in somebody's name: it knows Docker Hub
 * and the well-known registries, as with --mirror, unless proxy.remoteurl says that there
 * is one upstream; and without larder.docker-config it takes credentials from the user's
 * own, if there is one: config.json in $DOCKER_CONFIG or ~/.docker. login (borrowed;
 * NULL: none) beats all that settings and variables say of the default upstream's
 * credentials. */
int settings_load_command(int argc, char **argv, char **envp,
			  const struct setting_login *login, struct settings **out,
			  struct err *e);
void settings_free(struct settings *s); /* NULL is fine */
void settings_freep(struct settings **s);

/* The upstream of that canonical host, or NULL; the default upstream, or NULL. */
const struct setting_upstream *settings_upstream(const struct settings *s,
						 const char *host);
const struct setting_upstream *settings_default_upstream(const struct settings *s);

/* The effective settings in the form of a configuration file, secrets as "********".
 * -1: out's limit is too small. */
int settings_print(const struct settings *s, struct buf *out);

#endif
