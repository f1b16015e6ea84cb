/*
 * cmd_serve.c - `larder serve`: from settings to a running server, and its signals.
 *
 * The main thread sleeps in sigwait: SIGTERM and SIGINT drain and end, a second one ends
 * at once, SIGHUP reads the settings again.
 */
#include "app/cmd_serve.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/chores.h"
#include "app/lockpath.h"
#include "app/options.h"
#include "app/schedule.h"
#include "settings/settings.h"
#include "app/sized.h"
#include "app/systemd.h"
#include "app/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/mirror.h"
#include "server/server.h"
#include "store/store.h"
#include "trust/gate.h"
#include "trust/policy_file.h"
#include "upstream/upstream.h"

static const char about[] =
	"Serves images until stopped. With --mirror it mirrors Docker Hub and other "
	"public registries; with proxy.remoteurl (REGISTRY_PROXY_REMOTEURL) it is a "
	"cache of that registry; with neither, a local registry. FILE is registry:2's "
	"config.yml; --config FILE says the same. `larder help settings` lists every "
	"setting and its variable.\n"
	"SIGTERM or SIGINT drains what is in flight, a second one ends at once. SIGHUP "
	"reads the settings again.";

/* What `serve` was started with: reading the settings again needs it. */
struct invocation {
	int argc;
	char **argv;
	char **envp;
};

static void use_log_settings(const struct settings *s)
{
	size_t i;

	log_setup(s->log_level, s->log_format);
	log_access_setup(s->access_log);
	for (i = 0; i < s->n_warnings; i++)
		log_event(LOG_WARN, "settings.warning", LS("message", s->warnings[i]));
}

/* What cannot change while running: said, so that nobody waits for it. */
static void say_unchanged(const struct settings *now, const struct settings *was)
{
	if (strcmp(now->addr, was->addr) != 0)
		log_event(LOG_WARN, "settings.needs_restart", LS("setting", "http.addr"));
	if (strcmp(now->root, was->root) != 0)
		log_event(LOG_WARN, "settings.needs_restart",
			  LS("setting", "storage.filesystem.rootdirectory"));
	if (now->readonly != was->readonly || now->deletes != was->deletes ||
	    now->sparse_indexes != was->sparse_indexes ||
	    now->purge_uploads != was->purge_uploads ||
	    now->upload_age_ms != was->upload_age_ms ||
	    now->purge_interval_ms != was->purge_interval_ms)
		log_event(LOG_WARN, "settings.needs_restart",
			  LS("setting", "storage.maintenance, storage.delete, "
					"larder.sparse-indexes"));
	if (now->threads != was->threads || now->connections != was->connections ||
	    now->flights != was->flights)
		log_event(LOG_WARN, "settings.needs_restart",
			  LS("setting",
			     "larder.threads, larder.connections, larder.flights"));
}

/* What works beside serving. */
struct aside {
	struct gate *gate;
	struct schedule *schedule;
	struct chores *chores;
	struct sized *sized;
};

/* The policies of the settings, read and checked; none: nothing is restricted. */
static int read_policies(const struct settings *s, struct policy_file *out, struct err *e)
{
	return s->policy != NULL ? policy_file_read(s->policy, out, e) : 0;
}

static void use_policies(struct gate *g, struct policy_file *f)
{
	gate_set(g, TAKE(f->policies), buf_str(&f->signers), f->signers.n);
	policy_file_done(f);
}

static void reload(struct mirror *m, struct aside *aside, const struct invocation *how,
		   const struct settings *first)
{
	CLEANUP(policy_file_done)
	struct policy_file policy = { 0 };
	struct settings *s = NULL;
	struct plan *p;
	struct err e;

	if (settings_load(how->argc, how->argv, how->envp, &s, &e) != 0) {
		log_event(LOG_ERROR, "settings.not_reloaded", LS("error", e.msg),
			  LS("what", "the old settings stay"));
		return;
	}
	p = read_policies(s, &policy, &e) == 0 ? wire_plan(s, &e) : NULL;
	if (p == NULL) {
		log_event(LOG_ERROR, "settings.not_reloaded", LS("error", e.msg),
			  LS("what", "the old settings stay"));
	} else {
		use_log_settings(s);
		say_unchanged(s, first);
		lockpath_say(p, s->lock);
		mirror_set_plan(m, p);
		use_policies(aside->gate, &policy);
		schedule_set(aside->schedule, s);
		chores_set(aside->chores, s);
		sized_set(aside->sized, s);
		log_event(LOG_INFO, "settings.reloaded", LU("upstreams", s->n_upstreams));
	}
	settings_free(s);
}

/* Connections, partials and blobs being sent all need descriptors. */
static void raise_descriptor_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* While draining, a second signal ends at once. */
static void end_at_once(int sig)
{
	static const char text[] = "larder: ended at once by a second signal\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void let_second_signal_through(void)
{
	struct sigaction sa = { .sa_handler = end_at_once };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void wait_for_end(struct mirror *m, struct aside *aside,
			 const struct invocation *how, const struct settings *first,
			 sigset_t *set)
{
	int sig;

	for (;;) {
		if (sigwait(set, &sig) != 0)
			continue;
		if (sig != SIGHUP)
			break;
		systemd_reloading();
		reload(m, aside, how, first);
		systemd_ready();
	}
	systemd_stopping();
	log_event(LOG_INFO, "serve.stopping", LS("signal", strsignal(sig)));
}

static void stop(struct server *server, struct mirror *m, struct aside *aside,
		 int64_t drain_ms)
{
	let_second_signal_through();
	if (!server_drain(server, drain_ms))
		log_event(LOG_WARN, "serve.drain_ended", LU("after_ms", drain_ms),
			  LS("what", "requests still under way are cut"));
	mirror_cancel(m);
	schedule_stop(aside->schedule);
	chores_stop(aside->chores);
	sized_stop(aside->sized);
	server_stop(server);
	mirror_stop(m);
}

static int start(const struct settings *s, int fd, struct store *store, struct mirror *m,
		 struct gate *gate, struct server **server, struct err *e)
{
	struct server_conf conf = {
		.socket = fd,
		.gate = gate,
		.host = s->listen_host,
		.port = s->listen_port,
		.threads = s->threads,
		.connections = s->connections,
		.nheaders = s->n_headers,
		.htpasswd = s->htpasswd,
		.realm = s->realm,
		.rules = s->access,
		.nrules = s->n_access,
		.tls_certificate = s->tls_certificate,
		.tls_key = s->tls_key,
		.tls_minimum = s->tls_minimum,
		.tls_client_cas = (const char *const *)s->tls_client_cas,
		.ntls_client_cas = s->n_tls_client_cas,
		.readonly = s->readonly,
		.deletes = s->deletes,
		.sparse_indexes = s->sparse_indexes,
		.upload_age_ms = s->purge_uploads ? s->upload_age_ms : 0,
		.purge_interval_ms = s->purge_interval_ms,
	};
	struct server_header *headers = mem_alloc((s->n_headers + 1) * sizeof(*headers));
	size_t i;
	int rc;

	for (i = 0; i < s->n_headers; i++)
		headers[i] =
			(struct server_header){ s->headers[i].name, s->headers[i].value };
	conf.headers = headers;
	rc = server_start(&conf, store, m, server, e);
	free(headers);
	return rc;
}

static void say_ready(const struct settings *s, int fd, const struct server *server)
{
	const struct setting_upstream *dflt = settings_default_upstream(s);

	if (fd > 0)
		log_event(LOG_INFO, "serve.socket_passed",
			  LU("port", server_port(server)),
			  LS("what", "the service manager's socket is served; http.addr "
				     "does not count"));
	log_event(LOG_INFO, "serve.listening",
		  LS("address", fd > 0 ? "(passed)" : s->addr),
		  LU("port", server_port(server)), LS("root", s->root),
		  LS("default_upstream",
		     dflt != NULL ? dflt->url : "none (local registry)"),
		  LU("upstreams", s->n_upstreams), LS("version", LARDER_VERSION));
}

static int serve(const struct settings *s, const struct invocation *how)
{
	struct server *server = NULL;
	struct mirror *m = NULL;
	struct policy_file policy = { 0 };
	struct aside aside = { .gate = NULL };
	struct store *store = NULL;
	struct plan *p;
	sigset_t set;
	struct err e;
	int fd;

	block_signals(&set);
	raise_descriptor_limit();
	if (systemd_begin(&fd, &e) != 0)
		goto fail;
	if (read_policies(s, &policy, &e) != 0 || upstream_global_init(&e) != 0 ||
	    (p = wire_plan(s, &e)) == NULL)
		goto fail;
	if (store_open(s->root, &store, &e) != 0) {
		plan_unref(p);
		goto fail;
	}
	lockpath_say(p, s->lock);
	m = mirror_new(store, p, s->flights);
	aside.gate = gate_new(m, store, mirror_usage(m));
	use_policies(aside.gate, &policy);
	if (start(s, fd, store, m, aside.gate, &server, &e) != 0)
		goto fail;
	say_ready(s, fd, server);
	aside.sized = sized_start(store, m, mirror_usage(m), s, how->envp);
	aside.schedule = schedule_start(m, s, how->envp);
	aside.chores = chores_start(store, m, mirror_usage(m), s, how->envp);
	systemd_ready();
	wait_for_end(m, &aside, how, s, &set);
	stop(server, m, &aside, s->drain_ms);
	gate_free(aside.gate);
	store_close(store);
	upstream_global_done();
	log_event(LOG_INFO, "serve.stopped");
	return 0;
fail:
	log_event(LOG_ERROR, "serve.failed", LS("error", e.msg));
	mirror_stop(m);
	gate_free(aside.gate);
	policy_file_done(&policy);
	store_close(store);
	return 1;
}

int cmd_serve(int argc, char **argv, char **envp)
{
	const struct option none = { 0 };
	struct options o = {
		.row = &none,
		.name = "serve",
		.operands = "[FILE]",
		.about = about,
		.done = "stopped by SIGTERM or SIGINT",
		.failed = "it could not start, or a second signal ended it at once",
		.has_settings = true,
		.serves = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status;

	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		struct invocation how = { o.n_settings, o.setting, envp };

		use_log_settings(s);
		status = serve(s, &how);
	}
	options_done(&o);
	return status;
}
