/*
 * settings.c - the order of sources, and what has to be found out at start.
 */
#include "settings/settings.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "settings/setting_apply.h"
#include "settings/setting_args.h"
#include "settings/setting_draft.h"
#include "settings/setting_env.h"
#include "settings/setting_logins.h"
#include "settings/setting_set.h"
#include "settings/setting_upstreams.h"
#include "base/cron.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/yaml.h"

#define SYSTEM_ROOT "/var/lib/registry"
#define OWN_FILES 128 /* descriptors for all but clients' connections */

static int read_file(struct setting_draft *d, const char *path, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(YAML_MAX_BYTES);
	int rc;

	if (path == NULL || *path == '\0')
		return 0;
	if (fs_read(AT_FDCWD, path, &text, e) != 0)
		return err_add(e, "configuration file %.200s", path);
	d->s.config_path = mem_dup(path);
	rc = setting_apply_file(d, path, buf_view(&text), e);
	if (text.p)
		explicit_bzero(text.p, text.n);
	return rc;
}

static const char *file_of(const char *arg, char **envp)
{
	const char *path = arg;

	if (path == NULL)
		path = setting_env_get(envp, "LARDER_CONFIG");
	if (path == NULL || *path == '\0')
		path = setting_env_get(envp, "REGISTRY_CONFIGURATION_PATH");
	return path;
}

static int find_root(struct settings *s, char **envp, struct err *e)
{
	const char *data = setting_env_get(envp, "XDG_DATA_HOME");
	const char *home = setting_env_get(envp, "HOME");

	if (s->root)
		return 0;
	if (geteuid() == 0 || access(SYSTEM_ROOT, W_OK) == 0)
		s->root = mem_dup(SYSTEM_ROOT);
	else if (data && *data == '/')
		s->root = mem_fmt("%s/larder", data);
	else if (home && *home == '/')
		s->root = mem_fmt("%s/.local/share/larder", home);
	else
		return err_set(e, ERR_INVALID,
			       "there is no home directory to keep images in; say where "
			       "with --root DIR");
	return 0;
}

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

/* A connection may hold a socket and a file that is being sent. */
static void bound_connections(struct setting_draft *d)
{
	struct rlimit limit;
	unsigned wanted = d->s.connections;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY)
		return;
	most = limit.rlim_max > OWN_FILES + 2 ? (limit.rlim_max - OWN_FILES) / 2 : 1;
	if (wanted <= most)
		return;
	d->s.connections = (unsigned)most;
	setting_draft_warn(
		d,
		"larder.connections is %u, not %u: no more than %llu files may "
		"be open",
		d->s.connections, wanted, (unsigned long long)limit.rlim_max);
}

static int check_readable(const char *name, const char *path, struct err *e)
{
	if (path && access(path, R_OK) != 0)
		return err_errno(e, "%s: %.200s", name, path);
	return 0;
}

/* What goes together, and what an operator should know of it. */
static int check_access(struct setting_draft *d, struct err *e)
{
	struct settings *s = &d->s;
	const struct setting_upstream *dflt = settings_default_upstream(s);

	if (s->htpasswd == NULL && (d->wants_htpasswd || s->realm != NULL))
		return err_set(e, ERR_INVALID,
			       "auth.htpasswd.path is missing: the file of users "
			       "(REGISTRY_AUTH_HTPASSWD_PATH)");
	if ((s->tls_certificate == NULL) != (s->tls_key == NULL))
		return err_set(e, ERR_INVALID,
			       "http.tls needs both, certificate and key");
	if (s->n_tls_client_cas > 0 && s->tls_certificate == NULL)
		return err_set(e, ERR_INVALID,
			       "http.tls.clientcas needs http.tls.certificate and key");
	if (s->htpasswd != NULL && dflt != NULL && strcmp(dflt->host, "docker.io") == 0)
		setting_draft_warn(
			d, "auth.htpasswd on a mirror of Docker Hub: Docker answers a "
			   "mirror that asks for a password with its user's Docker Hub "
			   "credentials; see docs/access.md");
	return 0;
}

static int check_schedule(const struct settings *s, struct err *e)
{
	struct cron c;

	if (s->schedule == NULL)
		return 0;
	if (cron_parse(view_of(s->schedule), &c, e) != 0)
		return err_add(e, "larder.schedule");
	if (s->images == NULL)
		return err_set(e, ERR_INVALID,
			       "larder.schedule needs larder.images, the list of images "
			       "to work on");
	return 0;
}

static int check_size(const struct settings *s, struct err *e)
{
	if (s->size_low.percent == 0 && s->size_low.bytes == 0)
		return err_set(e, ERR_INVALID, "larder.size-low must be more than 0");
	if (s->size_low.bytes != 0 && s->size.bytes != 0 &&
	    s->size_low.bytes >= s->size.bytes)
		return err_set(e, ERR_INVALID,
			       "larder.size-low must be less than larder.size");
	return 0;
}

/* The user's own, where it can be read: it need not be there. */
static void find_docker_config(struct settings *s, char **envp)
{
	const char *folder = setting_env_get(envp, "DOCKER_CONFIG");
	const char *home = setting_env_get(envp, "HOME");
	char *path = NULL;

	if (s->docker_config != NULL)
		return;
	if (folder != NULL && *folder != '\0')
		path = mem_fmt("%s/config.json", folder);
	else if (home != NULL && *home == '/')
		path = mem_fmt("%s/.docker/config.json", home);
	if (path != NULL && access(path, R_OK) == 0)
		s->docker_config = TAKE(path);
	free(path);
}

static void log_in(struct settings *s, const struct setting_login *login)
{
	size_t i;

	for (i = 0; login != NULL && i < s->n_upstreams; i++) {
		struct setting_upstream *u = &s->upstreams[i];

		if (!u->is_default)
			continue;
		if (u->password != NULL)
			explicit_bzero(u->password, strlen(u->password));
		free(u->username);
		free(u->password);
		setting_logins_clear(u);
		u->username = mem_dup(login->username);
		u->password = mem_dup(login->password);
	}
}

static int finish(struct setting_draft *d, char **envp, struct err *e)
{
	struct settings *s = &d->s;

	if (d->command && d->remote_url == NULL) {
		s->assumed = !s->mirror;
		s->mirror = true;
	}
	if (find_root(s, envp, e) != 0 || setting_upstreams_resolve(d, envp, e) != 0 ||
	    check_access(d, e) != 0 || check_schedule(s, e) != 0 ||
	    check_size(s, e) != 0 || check_readable("larder.ca", s->ca_file, e) != 0 ||
	    check_readable("larder.docker-config", s->docker_config, e) != 0)
		return -1;
	for (size_t i = 0; i < s->n_upstreams; i++)
		if (check_readable("larder.upstreams: ca", s->upstreams[i].ca_file, e) !=
		    0)
			return -1;
	if (d->command) {
		find_docker_config(s, envp);
		log_in(s, d->login);
	}
	if (s->threads == 0)
		s->threads = processors();
	bound_connections(d);
	return 0;
}

static int load(int argc, char **argv, bool command, const struct setting_login *login,
		char **envp, struct settings **out, struct err *e)
{
	CLEANUP(setting_draft_done)
	struct setting_draft d;
	const char *file;
	struct settings *s;

	setting_draft_init(&d);
	d.command = command;
	d.login = login;
	setting_set_defaults(&d);
	if (setting_args_apply(NULL, argc, argv, &file, e) != 0 ||
	    read_file(&d, file_of(file, envp), e) != 0 ||
	    setting_env_apply(&d, envp, e) != 0 ||
	    setting_args_apply(&d, argc, argv, &file, e) != 0 || finish(&d, envp, e) != 0)
		return -1;
	s = mem_alloc(sizeof(*s));
	*s = d.s;
	memset(&d.s, 0, sizeof(d.s));
	*out = s;
	return 0;
}

int settings_load(int argc, char **argv, char **envp, struct settings **out,
		  struct err *e)
{
	return load(argc, argv, false, NULL, envp, out, e);
}

int settings_load_command(int argc, char **argv, char **envp,
			  const struct setting_login *login, struct settings **out,
			  struct err *e)
{
	return load(argc, argv, true, login, envp, out, e);
}

void setting_login_done(struct setting_login *l)
{
	if (l->password != NULL)
		explicit_bzero(l->password, strlen(l->password));
	free(l->username);
	free(l->password);
	*l = (struct setting_login){ 0 };
}

void settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	setting_draft_clear(s);
	free(s);
}

void settings_freep(struct settings **s)
{
	settings_free(*s);
	*s = NULL;
}

const struct setting_upstream *settings_upstream(const struct settings *s,
						 const char *host)
{
	for (size_t i = 0; i < s->n_upstreams; i++)
		if (strcmp(s->upstreams[i].host, host) == 0)
			return &s->upstreams[i];
	return NULL;
}

const struct setting_upstream *settings_default_upstream(const struct settings *s)
{
	for (size_t i = 0; i < s->n_upstreams; i++)
		if (s->upstreams[i].is_default)
			return &s->upstreams[i];
	return NULL;
}
