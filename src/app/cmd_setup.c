/*
 * cmd_setup.c - point a client at larder: plan every file, show what would change, ask,
 * write.
 */
#include "app/cmd_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/options.h"
#include "app/setup_file.h"
#include "app/setup_place.h"
#include "app/setup_running.h"
#include "app/setup_say.h"
#include "base/mem.h"
#include "clients/client.h"

#define DEFAULT_MIRROR "http://127.0.0.1:5000"
#define CLIENTS_MAX 128 /* bytes of their names */
#define MAX_FILES 1024	/* registries with a file, at --undo */

static const char about[] =
	"Points a client at larder: shows what its configuration would become, asks, "
	"keeps the old file as FILE.before-larder, and writes. What others wrote in it "
	"stays. kaniko and kind have no file here: what they need is printed.";

struct setup {
	/* from the command line */
	const char *mirror, *ca, *path;
	struct option_values registries;
	bool yes, print, dry_run, undo;

	const struct client *client;
	struct wish wish;
	char *ca_path;
	struct setup_place place;
	struct setup_say say;
	struct setup_file *file;
	size_t n_files;
};

static int wrong_use(const char *what)
{
	fprintf(stderr, "larder setup: %s\n", what);
	return EXIT_WRONG_USE;
}

static int failed(const struct err *e)
{
	fprintf(stderr, "larder setup: %s\n", e->msg);
	return EXIT_FAILED;
}

static int find_client(struct setup *s, const struct options *o)
{
	const struct client *c;

	if (o->n_operands == 1) {
		s->client = client_find(o->operand[0]);
		if (s->client != NULL)
			return EXIT_DONE;
		fprintf(stderr, "larder setup: \"%.60s\" is no client it knows\n",
			o->operand[0]);
	} else {
		fprintf(stderr, "larder setup: name one client\n");
	}
	for (size_t i = 0; (c = client_nth(i)) != NULL; i++)
		fprintf(stderr, "  %-11s %s\n", c->name, c->title);
	return EXIT_WRONG_USE;
}

/* The options that do not go together, or not with this client. */
static int check_options(const struct setup *s)
{
	if (s->print && (s->undo || s->dry_run))
		return wrong_use(
			"--print shows the files as they would be; it does not go "
			"with --undo or --dry-run");
	if (s->client->path == NULL && (s->undo || s->path != NULL))
		return wrong_use(
			"this client has no file here, so there is none to undo or "
			"to give a path for");
	if (s->client == &docker_client && s->registries.n > 0)
		return wrong_use(
			"Docker asks mirrors for Docker Hub only: --registry has no "
			"meaning for it");
	return EXIT_DONE;
}

static int read_wish(struct setup *s, struct err *e)
{
	size_t i;

	if (wish_mirror(&s->wish, view_of(s->mirror), e) != 0)
		return err_add(e, "--mirror");
	if (s->ca != NULL) {
		s->ca_path = realpath(s->ca, NULL);
		if (s->ca_path == NULL)
			return err_errno(e, "--ca: cannot find %s", s->ca);
		if (access(s->ca_path, R_OK) != 0)
			return err_errno(e, "--ca: cannot read %s", s->ca_path);
		if (wish_ca(&s->wish, s->ca_path, e) != 0)
			return err_add(e, "--ca");
	}
	for (i = 0; i < s->registries.n; i++)
		if (wish_add(&s->wish, view_of(s->registries.v[i]), e) != 0)
			return err_add(e, "--registry");
	for (i = 0; i < CLIENT_REGISTRIES && s->registries.n == 0; i++)
		if (wish_add(&s->wish, view_of(client_registries[i]), e) != 0)
			return -1;
	return 0;
}

static struct setup_file *new_file(struct setup *s)
{
	s->file = mem_grow(s->file, (s->n_files + 1) * sizeof(*s->file));
	return &s->file[s->n_files++];
}

static void plan(struct setup *s, const char *registry)
{
	CLEANUP(mem_freep)
	char *path = registry != NULL ? mem_fmt("%s/%s/%s", s->place.path, registry,
						s->client->many)
				      : mem_dup(s->place.path);

	setup_file_plan(new_file(s), path, registry, s->client, &s->wish, s->undo);
}

/* A file that has something of ours, of whichever registry. */
static int plan_found(void *arg, const char *registry, struct err *e)
{
	struct setup *s = arg;
	struct setup_file *f;

	if (s->n_files == MAX_FILES)
		return err_set(e, ERR_LIMIT, "more than %d registries below %s",
			       MAX_FILES, s->place.path);
	plan(s, registry);
	f = &s->file[s->n_files - 1];
	if (f->step == SETUP_NOTHING && !f->failed) {
		setup_file_done(f);
		s->n_files--;
	}
	return 0;
}

static int plan_all(struct setup *s, struct err *e)
{
	size_t i;

	if (s->client->many == NULL) {
		if (!s->undo && !s->print &&
		    setup_place_clash(&s->place, s->client, &s->wish, e) != 0)
			return -1;
		plan(s, NULL);
		return 0;
	}
	if (s->undo && s->registries.n == 0)
		return setup_place_each(&s->place, s->client, plan_found, s, e);
	for (i = 0; i < s->wish.n; i++)
		plan(s, s->wish.registry[i]);
	return 0;
}

static bool answered_yes(void)
{
	char line[16];

	fflush(stdout);
	fprintf(stderr, "write? [y/N] ");
	if (fgets(line, sizeof(line), stdin) == NULL) {
		fprintf(stderr, "\n");
		return false;
	}
	return strcmp(line, "y\n") == 0 || strcmp(line, "Y\n") == 0 ||
	       strcmp(line, "yes\n") == 0;
}

/* True: go on. False: *status is why not. */
static bool may_write(const struct setup *s, int *status)
{
	*status = EXIT_DONE;
	if (s->dry_run)
		return false;
	if (s->yes)
		return true;
	*status = EXIT_FAILED;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		fprintf(stderr,
			"larder setup: nothing was written: there is no terminal to "
			"ask at. --yes writes it, --dry-run only shows it\n");
		return false;
	}
	if (answered_yes())
		return true;
	fprintf(stderr, "larder setup: nothing was written\n");
	return false;
}

static size_t count_steps(const struct setup *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_files; i++)
		n += s->file[i].step != SETUP_NOTHING;
	return n;
}

static int status_of(const struct setup *s)
{
	size_t bad = 0;

	for (size_t i = 0; i < s->n_files; i++)
		bad += s->file[i].failed;
	if (bad == 0)
		return EXIT_DONE;
	return bad == s->n_files ? EXIT_FAILED : EXIT_PARTLY;
}

static int write_files(struct setup *s)
{
	size_t i;
	bool any = false;

	for (i = 0; i < s->n_files; i++) {
		struct setup_file *f = &s->file[i];

		if (f->failed || f->step == SETUP_NOTHING)
			continue;
		if (setup_file_do(f) != 0) {
			setup_say_failure(&s->say, f);
			continue;
		}
		setup_say_done(f);
		any = true;
	}
	fflush(stdout);
	if (any)
		setup_say_after(&s->say);
	return status_of(s);
}

static int change_files(struct setup *s)
{
	int status;
	size_t i;

	if (s->n_files == 0) {
		printf("%s: nothing of larder's is in it\n", s->place.path);
		return EXIT_DONE;
	}
	for (i = 0; i < s->n_files; i++)
		if (setup_say_plan(&s->say, &s->file[i]) != 0)
			return failed(&s->file[i].e);
	if (count_steps(s) == 0)
		return status_of(s);
	if (!may_write(s, &status))
		return status != EXIT_DONE ? status : status_of(s);
	return write_files(s);
}

/* The files as they would be. A comment says where each belongs, unless it cannot hold
 * one. */
static int print_files(struct setup *s)
{
	for (size_t i = 0; i < s->n_files; i++) {
		struct setup_file *f = &s->file[i];

		if (f->failed) {
			setup_say_failure(&s->say, f);
			continue;
		}
		fprintf(s->client->comments ? stdout : stderr, "%s# %s\n",
			i > 0 ? "\n" : "", f->path);
		fwrite(buf_str(&f->next), 1, f->next.n, stdout);
	}
	if (fflush(stdout) != 0)
		return EXIT_FAILED;
	setup_say_after(&s->say);
	return status_of(s);
}

static int print_client(struct setup *s)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CLIENT_MAX_BYTES), advice = BUF_INIT(64u << 10);

	if (s->client->print(&s->wish, &text) != 0)
		return wrong_use("the text is too long");
	fwrite(text.p, 1, text.n, stdout);
	if (fflush(stdout) != 0)
		return EXIT_FAILED;
	if (s->client->after(&s->wish, NULL, false, &advice) == 0)
		fprintf(stderr, "%s", buf_str(&advice));
	return EXIT_DONE;
}

/* dockerd does not start when a setting is both in its file and among its flags. */
static void warn_of_flag(const char *flag)
{
	int pid = setup_running_with("dockerd", flag);

	if (pid != 0)
		fprintf(stderr,
			"larder setup: warning: dockerd (process %d) was started with "
			"%s; it "
			"will not start\nagain with the same in its file, so take that "
			"out of "
			"its unit first (systemctl edit docker)\n",
			pid, flag);
}

static void warn(const struct setup *s)
{
	if (!s->place.is_default || s->undo)
		return;
	if (s->place.user)
		fprintf(stderr,
			"This is for a %s of your own (rootless). For the system's, in "
			"%s, run "
			"it as root.\n",
			s->client->title, s->client->path);
	if (s->client != &docker_client)
		return;
	warn_of_flag("--registry-mirror");
	if (!s->wish.tls && !s->wish.loopback)
		warn_of_flag("--insecure-registry");
}

static int run(struct setup *s)
{
	struct err e = { 0 };

	s->say = (struct setup_say){ s->client, &s->wish, &s->place, s->undo };
	if (read_wish(s, &e) != 0)
		return wrong_use(e.msg);
	if (s->client->path == NULL)
		return print_client(s);
	if (setup_place_find(&s->place, s->client, s->path, &e) != 0)
		return failed(&e);
	warn(s);
	if (plan_all(s, &e) != 0) {
		failed(&e);
		if (e.kind == ERR_INVALID)
			setup_say_by_hand(&s->say, NULL);
		return EXIT_FAILED;
	}
	return s->print ? print_files(s) : change_files(s);
}

static void setup_done(struct setup *s)
{
	for (size_t i = 0; i < s->n_files; i++)
		setup_file_done(&s->file[i]);
	free(s->file);
	free(s->ca_path);
	setup_place_done(&s->place);
}

/* "docker|containerd|..." */
static void name_clients(char out[CLIENTS_MAX])
{
	const struct client *c;
	size_t n = 0;

	for (size_t i = 0; (c = client_nth(i)) != NULL && n < CLIENTS_MAX; i++)
		n += (size_t)snprintf(out + n, CLIENTS_MAX - n, "%s%s", i > 0 ? "|" : "",
				      c->name);
}

int cmd_setup(int argc, char **argv, char **envp)
{
	CLEANUP(setup_done)
	struct setup s = { .mirror = DEFAULT_MIRROR };
	const struct option row[] = {
		{ "mirror", 'm', OPTION_TEXT, &s.mirror, "URL",
		  "Where larder is, for clients: http://HOST:PORT or https:// "
		  "(default " DEFAULT_MIRROR ").",
		  0, 0 },
		{ "registry", 'r', OPTION_MANY, &s.registries, "HOST",
		  "Only this registry; may be said several times (default docker.io, "
		  "ghcr.io, "
		  "quay.io, gcr.io, registry.k8s.io, mcr.microsoft.com, public.ecr.aws, "
		  "lscr.io, registry.gitlab.com).",
		  0, 0 },
		{ "ca", 0, OPTION_TEXT, &s.ca, "FILE",
		  "PEM file of the authority that signed larder's certificate.", 0, 0 },
		{ "path", 0, OPTION_TEXT, &s.path, "PATH",
		  "The client's file (containerd: the directory) where it is not in its "
		  "usual place.",
		  0, 0 },
		{ "yes", 'y', OPTION_FLAG, &s.yes, NULL, "Write without asking.", 0, 0 },
		{ "dry-run", 'n', OPTION_FLAG, &s.dry_run, NULL,
		  "Show the difference, and write nothing.", 0, 0 },
		{ "print", 'p', OPTION_FLAG, &s.print, NULL,
		  "Print the files as they would be, and write nothing.", 0, 0 },
		{ "undo", 'u', OPTION_FLAG, &s.undo, NULL,
		  "Take out what larder wrote; a file that nobody has changed since "
		  "comes "
		  "back as it was.",
		  0, 0 },
		{ 0 },
	};
	char operands[CLIENTS_MAX];
	struct options o = {
		.row = row,
		.name = "setup",
		.operands = operands,
		.about = about,
		.done = "as it is wanted, or only shown",
		.failed = "nothing could be written, or nobody said yes",
		.partly = "some files could not be written",
	};
	int status;

	name_clients(operands);
	if (options_begin(&o, argc, argv, envp, NULL, &status)) {
		status = find_client(&s, &o);
		if (status == EXIT_DONE)
			status = check_options(&s);
		if (status == EXIT_DONE)
			status = run(&s);
	}
	options_done(&o);
	return status;
}
