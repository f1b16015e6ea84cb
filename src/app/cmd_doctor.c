/*
 * cmd_doctor.c - from settings to what the doctor looks at, and findings to lines.
 */
#include "app/cmd_doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/options.h"
#include "app/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "doctor/doctor.h"
#include "upstream/upstream.h"

#define LINE_MAX_BYTES 16384
#define LINE_WIDTH 90
#define INDENT 9

static const char about[] =
	"Checks larder and what it hangs on, for real: that it answers, its registries, "
	"their logins and quota, clock, disk, and that Docker pulls through it and does "
	"not silently go past it. Each finding says what to do. Takes the settings that "
	"larder serves with (--config FILE).";

/* One paragraph, wrapped at spaces; what follows the first line is indented. */
static void print_lines(const char *first, const char *text)
{
	size_t room = LINE_WIDTH - INDENT, n;

	for (const char *p = text; *p != '\0'; p += n + (p[n] == ' ')) {
		n = strlen(p);
		if (n > room)
			for (n = room; n > 0 && p[n] != ' ';)
				n--;
		if (n == 0)
			n = strcspn(p, " ");
		printf("%-*s%.*s\n", INDENT, p == text ? first : "", (int)n, p);
	}
}

static void say_text(void *arg, const struct finding *f)
{
	CLEANUP(mem_freep)
	char *text = mem_fmt("%s: %s", f->name, f->found);

	print_lines(finding_word(f->state), text);
	if (f->remedy[0] != '\0')
		print_lines("     -->", f->remedy);
	fflush(stdout);
}

static void add_string(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s\"%s\":\"", b->n > 0 ? "," : "{", key);
	buf_add_json(b, value, strlen(value));
	buf_adds(b, "\"");
}

static void say_json(void *arg, const struct finding *f)
{
	static const char *const words[] = { "ok", "warn", "fail", "skipped" };
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(LINE_MAX_BYTES);

	add_string(&b, "check", f->name);
	add_string(&b, "state", words[f->state]);
	add_string(&b, "found", f->found);
	add_string(&b, "remedy", f->remedy);
	printf("%s}\n", buf_str(&b));
	fflush(stdout);
}

/* Where larder is to be found, as its settings have it. */
static char *default_mirror(const struct settings *s)
{
	const char *host = s->listen_host;
	bool v6 = host != NULL && strchr(host, ':') != NULL;

	if (host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
		host = "127.0.0.1";
		v6 = false;
	}
	return mem_fmt("%s://%s%s%s:%u", s->tls_certificate != NULL ? "https" : "http",
		       v6 ? "[" : "", host, v6 ? "]" : "", s->listen_port);
}

static char *credentials_of(const struct settings *s, const struct setting_upstream *u)
{
	if (u->username != NULL || u->n_logins > 0)
		return mem_fmt("the settings or the environment");
	return mem_dup(s->docker_config != NULL ? s->docker_config : "");
}

struct wired {
	struct doctor_upstream *upstream;
	size_t n;
	char **credentials;
};

static void wired_done(struct wired *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->credentials[i]);
	free(w->credentials);
	free(w->upstream);
}

/* A command knows the well-known registries where settings name upstreams of their own,
 * too; the larder that serves does not. */
static bool is_served(const struct settings *s, size_t i)
{
	return !s->assumed || s->n_named == 0 || i < s->n_named ||
	       s->upstreams[i].is_default;
}

/* In the order of the settings, each with the upstream that the plan has for it. */
static void wire(struct wired *w, const struct settings *s, const struct plan *p)
{
	w->upstream = mem_alloc((s->n_upstreams + 1) * sizeof(*w->upstream));
	w->credentials = mem_alloc((s->n_upstreams + 1) * sizeof(*w->credentials));
	for (size_t i = 0; i < s->n_upstreams && i < p->nsites; i++) {
		const struct setting_upstream *u = &s->upstreams[i];

		if (!is_served(s, i))
			continue;
		w->credentials[w->n] = credentials_of(s, u);
		w->upstream[w->n] = (struct doctor_upstream){
			.up = p->site[i].up,
			.url = u->url,
			.credentials = w->credentials[w->n],
			.needed = u->is_default || i < s->n_named,
		};
		w->n++;
	}
}

static void print_summary(const struct doctor_tally *t)
{
	unsigned ok = t->count[FINDING_OK], warn = t->count[FINDING_WARN],
		 bad = t->count[FINDING_FAIL], skipped = t->count[FINDING_SKIPPED];

	printf("\n%u ok, %u warning%s, %u failed, %u skipped\n", ok, warn,
	       warn == 1 ? "" : "s", bad, skipped);
	if (bad > 0)
		printf("Mend what failed from the top: later findings often follow from "
		       "earlier ones.\n");
}

static int examine(const struct settings *s, struct doctor_conf *conf, bool json)
{
	struct doctor_tally tally;
	struct wired w = { 0 };
	struct plan *p = NULL;
	struct err e;
	int rc;

	if (upstream_global_init(&e) != 0 || (p = wire_plan(s, &e)) == NULL) {
		fprintf(stderr, "larder doctor: %s\n", e.msg);
		return EXIT_FAILED;
	}
	wire(&w, s, p);
	conf->upstream = w.upstream;
	conf->n_upstreams = w.n;
	rc = doctor_run(conf, json ? say_json : say_text, NULL, &tally, &e);
	if (rc != 0)
		fprintf(stderr, "larder doctor: %s\n", e.msg);
	else if (!json)
		print_summary(&tally);
	if (rc == 0 && tally.hangs) {
		/* Some thread still uses all this. */
		fflush(stdout);
		_exit(EXIT_PARTLY);
	}
	wired_done(&w);
	plan_unref(p);
	upstream_global_done();
	if (rc != 0)
		return e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
	return tally.count[FINDING_FAIL] > 0 ? EXIT_PARTLY : EXIT_DONE;
}

struct wishes {
	const char *mirror, *ca, *engine, *etc;
	bool json;
};

static int run(const struct settings *s, const struct wishes *w)
{
	CLEANUP(mem_freep)
	char *own = default_mirror(s);
	struct doctor_conf conf = {
		.mirror = w->mirror != NULL ? w->mirror : own,
		.ca = w->ca,
		.listen_host = s->listen_host,
		.root = s->root,
		.etc = w->etc,
		.engine = strcmp(w->engine, "none") == 0 ? NULL : w->engine,
	};

	return examine(s, &conf, w->json);
}

int cmd_doctor(int argc, char **argv, char **envp)
{
	struct wishes w = { .engine = "docker", .etc = "/etc" };
	const struct option rows[] = {
		{ "mirror", 0, OPTION_TEXT, &w.mirror, "URL",
		  "Where larder is, for clients: http://HOST:PORT or https:// (default "
		  "where the settings have it listen).",
		  0, 0 },
		{ "mirror-ca", 0, OPTION_TEXT, &w.ca, "FILE",
		  "PEM file of the authority that signed larder's certificate, besides "
		  "the system's.",
		  0, 0 },
		{ "engine", 0, OPTION_TEXT, &w.engine, "SOCKET|none",
		  "Docker or Podman engine to look at: a socket's path, a tcp:// "
		  "address, "
		  "or none; else the one that the docker command uses.",
		  0, 0 },
		{ "etc", 0, OPTION_TEXT, &w.etc, "PATH",
		  "Where clients have their configuration (default /etc).", 0, 0 },
		{ "json", 0, OPTION_FLAG, &w.json, NULL,
		  "Print JSON: an object a line for each finding.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "doctor",
		.about = about,
		.done = "nothing failed; there may be warnings",
		.failed = "it could not look",
		.partly = "something failed",
		.has_settings = true,
	};
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	int status = EXIT_DONE;

	log_setup(LOG_ERROR, LOG_TEXT);
	if (options_begin(&o, argc, argv, envp, &s, &status))
		status = run(s, &w);
	options_done(&o);
	return status;
}
