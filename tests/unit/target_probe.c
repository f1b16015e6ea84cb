/*
 * target_probe - drives copies to registries and loads into engines from a command line,
 *so that scripted and real ones can test them alone.  Not a unit test.
 *
 *	target_probe [options] copy ROOT FROM DIGEST URL NAME [TAG]
 *	target_probe [options] load ROOT FROM DIGEST ENGINE NAME...
 *	target_probe engine ENGINE | find ENGINE NAME | remove ENGINE NAME
 *	target_probe pull ENGINE NAME | settings ENGINE
 *
 * Prints a JSON line for each operation done. With --step it reads a line from standard
 * input before each; words of that line are FROM, DIGEST, NAME and TAG of a copy.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mirror/copy.h"
#include "mirror/load.h"
#include "upstream/engine.h"

static struct upstream_conf conf = { .host = "probe.example" };
static struct platform platform;
static bool with_platform;
static int repeat = 1, cancel_ms;
static pthread_mutex_t out_mu = PTHREAD_MUTEX_INITIALIZER; /* guards standard output */

static const char *word_of(const char *text, char out[DIGEST_TEXT_MAX * 2])
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(DIGEST_TEXT_MAX);

	buf_add_json(&b, text, strlen(text));
	snprintf(out, DIGEST_TEXT_MAX * 2, "%s", buf_str(&b));
	return out;
}

static void report(int rc, const struct err *e, const struct buf *more)
{
	CLEANUP(buf_done)
	struct buf msg = BUF_INIT(8192);

	pthread_mutex_lock(&out_mu);
	printf("{\"ok\":%s", rc == 0 ? "true" : "false");
	if (rc != 0) {
		buf_add_json(&msg, e->msg, strlen(e->msg));
		printf(",\"kind\":\"%s\",\"error\":\"%s\"", err_word(e->kind),
		       buf_str(&msg));
	}
	printf("%s}\n", buf_str(more));
	fflush(stdout);
	pthread_mutex_unlock(&out_mu);
}

/* --- copies --- */

struct copying {
	struct copier *copier;
	struct store *store;
	char **argv; /* FROM DIGEST NAME [TAG] */
	int argc;
};

/* The most memory that the process has had, by the kernel's account. */
static long peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

static void add_progress(struct buf *out, const struct copy_progress *p)
{
	buf_addf(out,
		 ",\"blobs\":%u,\"done\":%u,\"mounted\":%u,\"present\":%u,"
		 "\"manifests\":%u,\"bytes\":%llu,\"bytes_done\":%llu,\"sent\":%llu",
		 p->blobs, p->blobs_done, p->mounted, p->present, p->manifests, p->bytes,
		 p->bytes_done, p->sent);
}

static int copy_words(struct copying *c, struct copy_progress *p, struct buf *out,
		      struct err *e)
{
	struct reponame from, name;
	struct digest d, pushed;
	char text[DIGEST_TEXT_MAX];
	bool current = false;
	struct copy_job job = { .store = c->store,
				.from = &from,
				.digest = &d,
				.name = &name,
				.tag = c->argc > 3 ? c->argv[3] : NULL,
				.platform = with_platform ? &platform : NULL,
				.progress = p };

	if (reponame_parse(view_of(c->argv[0]), &from, e) != 0 ||
	    digest_parse(view_of(c->argv[1]), &d, e) != 0 ||
	    reponame_parse(view_of(c->argv[2]), &name, e) != 0 ||
	    copy_image(c->copier, &job, &pushed, &current, e) != 0)
		return -1;
	digest_text(&pushed, text);
	buf_addf(out, ",\"current\":%s,\"digest\":\"%s\"", current ? "true" : "false",
		 text);
	return 0;
}

static void *copy_one(void *arg)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(8192);
	struct copy_progress p = { 0 };
	struct err e = { 0 };
	int rc = copy_words(arg, &p, &out, &e);

	add_progress(&out, &p);
	buf_addf(&out, ",\"peak_kib\":%ld", peak_kib());
	report(rc, &e, &out);
	return NULL;
}

/* FROM DIGEST NAME [TAG] on each line, several with ";" between: those at once. */
static void copy_lines(struct copying *c)
{
	char line[8192], *one, *rest, *word;
	struct copying job[8];
	char *words[8][4];
	pthread_t t[8];
	int n, i;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		for (n = 0, rest = line; n < 8 && (one = strsep(&rest, ";")); n++) {
			job[n] = *c;
			job[n].argv = words[n];
			job[n].argc = 0;
			while (job[n].argc < 4 && (word = strsep(&one, " ")) != NULL)
				words[n][job[n].argc++] = word;
			pthread_create(&t[n], NULL, copy_one, &job[n]);
		}
		for (i = 0; i < n; i++)
			pthread_join(t[i], NULL);
	}
}

static int copy(int argc, char **argv, bool step, struct err *e)
{
	struct copying c = { 0 };
	struct upstream *to;
	char *words[4];
	int i;

	if (store_open(argv[0], &c.store, e) != 0)
		return -1;
	conf.url = argv[1];
	to = upstream_new(&conf, e);
	if (to == NULL)
		return -1;
	c.copier = copier_new(to);
	upstream_unref(to);
	for (i = 0; i < 4 && i + 2 < argc; i++)
		words[i] = argv[i + 2];
	c.argv = words;
	c.argc = i;
	if (step)
		copy_lines(&c);
	for (i = 0; i < repeat && !step; i++)
		copy_one(&c);
	copier_free(c.copier);
	store_close(c.store);
	return 0;
}

/* --- engines --- */

static int load(int argc, char **argv, struct buf *out, struct err *e)
{
	struct engine *g = engine_open(argv[3], e);
	struct load_progress p = { 0 };
	struct reponame from;
	struct digest d, id;
	struct store *s = NULL;
	bool current = false;
	char text[DIGEST_TEXT_MAX];
	struct load_job job = { .from = &from,
				.digest = &d,
				.platform = with_platform ? &platform : NULL,
				.to = g,
				.names = (const char *const *)argv + 4,
				.nnames = (size_t)argc - 4,
				.progress = &p };
	int rc = -1;

	if (g != NULL && store_open(argv[0], &s, e) == 0 &&
	    reponame_parse(view_of(argv[1]), &from, e) == 0 &&
	    digest_parse(view_of(argv[2]), &d, e) == 0) {
		job.store = s;
		rc = load_image(&job, &id, &current, e);
	}
	if (rc == 0) {
		digest_text(&id, text);
		buf_addf(out, ",\"current\":%s,\"id\":\"%s\"", current ? "true" : "false",
			 text);
	}
	buf_addf(out, ",\"bytes\":%llu,\"sent\":%llu,\"peak_kib\":%ld", p.bytes,
		 p.bytes_done, peak_kib());
	store_close(s);
	engine_close(g);
	return rc;
}

static int find(struct engine *g, const char *name, struct buf *out, struct err *e)
{
	struct engine_image i = { 0 };
	char text[DIGEST_TEXT_MAX], word[DIGEST_TEXT_MAX * 2];
	bool found = false;

	if (engine_find(g, name, &i, &found, e) != 0)
		return -1;
	buf_addf(out, ",\"found\":%s", found ? "true" : "false");
	if (!found)
		return 0;
	digest_text(&i.id, text);
	buf_addf(out, ",\"id\":\"%s\",\"tag\":\"%s\"", text,
		 word_of(buf_str(&i.tags), word));
	buf_addf(out, ",\"repo_digest\":\"%s\"", word_of(buf_str(&i.digests), word));
	engine_image_done(&i);
	return 0;
}

static int settings(struct engine *g, struct buf *out, struct err *e)
{
	struct engine_settings s = { 0 };
	char word[DIGEST_TEXT_MAX * 2];

	if (engine_settings(g, &s, e) != 0)
		return -1;
	buf_addf(out, ",\"mirror\":\"%s\"", word_of(buf_str(&s.mirrors), word));
	buf_addf(out, ",\"insecure\":\"%s\"", word_of(buf_str(&s.insecure), word));
	buf_addf(out, ",\"driver\":\"%s\"", word_of(s.driver, word));
	engine_settings_done(&s);
	return 0;
}

static int facts(struct engine *g, struct buf *out)
{
	const struct engine_facts *f = engine_facts(g);
	char platform_is[100], word[DIGEST_TEXT_MAX * 2];

	platform_text(&f->platform, platform_is);
	buf_addf(out, ",\"podman\":%s,\"containerd\":%s", f->podman ? "true" : "false",
		 f->containerd_store ? "true" : "false");
	buf_addf(out, ",\"platform\":\"%s\",\"api\":\"%s\",\"name\":\"%s\"", platform_is,
		 f->api, f->name);
	return buf_addf(out, ",\"where\":\"%s\"", word_of(engine_where(g), word));
}

static int engine(const char *what, int argc, char **argv, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(4096);
	struct engine *g = engine_open(argv[0], e);
	int rc;

	if (g == NULL)
		return -1;
	if (strcmp(what, "find") == 0) {
		rc = find(g, argv[1], out, e);
	} else if (strcmp(what, "remove") == 0) {
		rc = engine_remove(g, argv[1], false, e);
	} else if (strcmp(what, "settings") == 0) {
		rc = settings(g, out, e);
	} else if (strcmp(what, "pull") == 0) {
		rc = engine_pull(g, argv[1], NULL, clock_mono_ms() + 30000, &said, e);
		buf_adds(out, ",\"said\":\"");
		buf_add_json(out, buf_str(&said), said.n);
		buf_adds(out, "\"");
	} else {
		rc = facts(g, out);
	}
	engine_close(g);
	return rc;
}

static void *canceller(void *arg)
{
	struct timespec t = { cancel_ms / 1000, (cancel_ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
	upstream_cancel_all();
	return NULL;
}

static int perform(const char *what, int argc, char **argv, bool step, struct buf *out,
		   struct err *e)
{
	if (strcmp(what, "copy") == 0 && argc >= 2)
		return copy(argc, argv, step, e);
	if (strcmp(what, "load") == 0 && argc >= 4)
		return load(argc, argv, out, e);
	return engine(what, argc, argv, out, e);
}

static const struct option options[] = {
	{ "user", 1, 0, 'u' },
	{ "password", 1, 0, 'p' },
	{ "platform", 1, 0, 'P' },
	{ "repeat", 1, 0, 'n' },
	{ "stall-ms", 1, 0, 'S' },
	{ "cancel-after-ms", 1, 0, 'x' },
	{ "step", 0, 0, 's' },
	{ "debug", 0, 0, 'v' },
	{ 0, 0, 0, 0 },
};

static bool set_option(int c, bool *step)
{
	switch (c) {
	case 'u':
		conf.username = optarg;
		break;
	case 'p':
		conf.password = optarg;
		break;
	case 'P':
		with_platform = true;
		return platform_parse(view_of(optarg), &platform, NULL) == 0;
	case 'n':
		repeat = (int)strtol(optarg, NULL, 10);
		break;
	case 'S':
		conf.stall_ms = (int)strtol(optarg, NULL, 10);
		break;
	case 'x':
		cancel_ms = (int)strtol(optarg, NULL, 10);
		break;
	case 's':
		*step = true;
		break;
	case 'v':
		log_setup(LOG_DEBUG, LOG_TEXT);
		break;
	default:
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(65536);
	struct err e = { 0 };
	bool step = false;
	pthread_t stop;
	int c, rc;

	signal(SIGPIPE, SIG_IGN);
	log_setup(LOG_ERROR, LOG_TEXT);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1)
		if (!set_option(c, &step))
			return 100;
	argc -= optind;
	argv += optind;
	if (argc < 2)
		return 100;
	if (upstream_global_init(&e) != 0)
		return 100;
	if (cancel_ms > 0)
		pthread_create(&stop, NULL, canceller, NULL);
	rc = perform(argv[0], argc - 1, argv + 1, step, &out, &e);
	if (strcmp(argv[0], "copy") != 0 || rc != 0)
		report(rc, &e, &out);
	if (cancel_ms > 0)
		pthread_join(stop, NULL);
	upstream_global_done();
	return 0;
}
