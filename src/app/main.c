/*
 * main.c - which command it is, and what to say when it is none.
 *
 * Exit status: see app/options.h.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd_pull.h"
#include "app/cmd_doctor.h"
#include "app/cmd_serve.h"
#include "app/cmd_update.h"
#include "app/cmd_setup.h"
#include "app/cmd_list.h"
#include "app/cmd_status.h"
#include "app/options.h"
#include "app/setting_help.h"
#include "app/setting_path.h"
#include "app/settings.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define TEXT_MAX_BYTES (256 * 1024)

static int run_serve(int argc, char **argv, char **envp);
static int run_version(int argc, char **argv, char **envp);
static int run_help(int argc, char **argv, char **envp);

static const struct command {
	const char *name, *what;
	int (*run)(int argc, char **argv, char **envp);
} commands[] = {
	{ "serve", "serve images: larder serve [flags] [config.yml]", run_serve },
	{ "pull", "bring images into the store, an engine or another registry",
	  cmd_pull },
	{ "update", "compare listed images with their upstreams, bring what moved",
	  cmd_update },
	{ "setup", "point a client here: larder setup docker|containerd|podman|...",
	  cmd_setup },
	{ "doctor", "check it and all that it hangs on, with remedies", cmd_doctor },
	{ "list", "list the images of a store, or of another larder", cmd_list },
	{ "status", "how a store fares, and the larder that serves it", cmd_status },
	{ "version", "print the version", run_version },
	{ "help", "help on a command, or on all settings: larder help settings",
	  run_help },
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int print_short_help(FILE *to)
{
	fprintf(to, "larder keeps container images close: a pull-through cache and "
		    "registry.\n"
		    "\n"
		    "usage: larder COMMAND [ARGUMENTS]\n"
		    "\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "\n"
		    "Begin with `larder serve --mirror`, a mirror of Docker Hub and "
		    "other public\n"
		    "registries on 127.0.0.1:5000.\n");
	return EXIT_DONE;
}

/* As the entry point of registry:2's image has it: a file alone means to serve it. */
static bool is_config(const char *name)
{
	size_t n = strlen(name);

	return (n > 4 && strcmp(name + n - 4, ".yml") == 0) ||
	       (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

#define FAR 3 /* too many letters apart to have been meant */

static int unknown_command(const char *name)
{
	const char *nearest = commands[0].name;

	if (strcmp(name, "garbage-collect") == 0) {
		fprintf(stderr,
			"larder: there is no garbage-collect: this version keeps what is "
			"no "
			"longer named, and nothing\nmust be stopped for it; registry:2's "
			"own "
			"command still works on the volume while larder is stopped\n");
		return EXIT_WRONG_USE;
	}

	for (size_t i = 1; i < ARRAY_LEN(commands); i++)
		if (setting_path_distance(name, commands[i].name) <
		    setting_path_distance(name, nearest))
			nearest = commands[i].name;
	if (setting_path_distance(name, nearest) > FAR) {
		fprintf(stderr,
			"larder: unknown command \"%.60s\"; `larder help` lists "
			"them\n",
			name);
		return EXIT_WRONG_USE;
	}
	fprintf(stderr, "larder: unknown command \"%.60s\"; did you mean \"%s\"?\n", name,
		nearest);
	return EXIT_WRONG_USE;
}

/* What fill makes, to standard output. */
static int print(int (*fill)(struct buf *out))
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(TEXT_MAX_BYTES);

	if (fill(&b) != 0) {
		fprintf(stderr, "larder: the text is too long\n");
		return EXIT_FAILED;
	}
	return fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0 ? EXIT_DONE
									 : EXIT_FAILED;
}

static int print_settings(const struct settings *s)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(4 * TEXT_MAX_BYTES);

	for (size_t i = 0; i < s->n_warnings; i++)
		fprintf(stderr, "larder: warning: %s\n", s->warnings[i]);
	if (settings_print(s, &b) != 0) {
		fprintf(stderr, "larder: the settings are too long to print\n");
		return EXIT_FAILED;
	}
	return fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0 ? EXIT_DONE
									 : EXIT_FAILED;
}

static int help_serve(void)
{
	printf("usage: larder serve [flags] [config.yml]\n"
	       "\n"
	       "Serves images until stopped. With --mirror it mirrors Docker Hub and "
	       "other public\n"
	       "registries; with proxy.remoteurl (REGISTRY_PROXY_REMOTEURL) it is a "
	       "cache of that\n"
	       "registry; with neither, a local registry. config.yml is registry:2's.\n"
	       "`larder help settings` lists every setting and its variable.\n"
	       "\n"
	       "SIGTERM or SIGINT drains what is in flight, a second one ends at once. "
	       "SIGHUP\n"
	       "reads the settings again.\n"
	       "\n");
	fflush(stdout);
	return print(setting_help_flags);
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int run_serve(int argc, char **argv, char **envp)
{
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	struct err e;

	if (wants_help(argc, argv))
		return help_serve();
	if (settings_load(argc, argv, envp, &s, &e) != 0) {
		fprintf(stderr, "larder: %s\n", e.msg);
		return e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
	}
	if (s->print)
		return print_settings(s);
	return cmd_serve(s, argc, argv, envp);
}

static int run_version(int argc, char **argv, char **envp)
{
	printf("larder %s\n", LARDER_VERSION);
	return EXIT_DONE;
}

static int run_help(int argc, char **argv, char **envp)
{
	const struct command *c;

	if (argc < 2)
		return print_short_help(stdout);
	if (strcmp(argv[1], "settings") == 0) {
		if (argc > 2 && strcmp(argv[2], "--markdown") == 0)
			return print(setting_help_markdown);
		return print(setting_help_text);
	}
	c = find(argv[1]);
	if (c != NULL && c->run != run_help && c->run != run_version)
		return c->run(2, (char *[]){ argv[1], (char[]){ "--help" }, NULL }, envp);
	if (c != NULL)
		return print_short_help(stdout);
	return unknown_command(argv[1]);
}

int main(int argc, char **argv, char **envp)
{
	const struct command *c;

	if (argc < 2)
		return print_short_help(stdout);
	if (strcmp(argv[1], "--version") == 0)
		return run_version(argc, argv, envp);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_short_help(stdout);
	c = find(argv[1]);
	if (c == NULL && is_config(argv[1]))
		return run_serve(argc, argv, envp);
	if (c == NULL)
		return unknown_command(argv[1]);
	return c->run(argc - 1, argv + 1, envp);
}
