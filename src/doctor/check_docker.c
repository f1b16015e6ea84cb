/*
 * check_docker.c - the engine: is it there, which mirrors does it use, and does a pull
 * really come through this larder.
 *
 * Docker never says that it went past its mirror. What tells is an image that only this
 * larder process can answer (server/probe.h), by its digest.
 */
#include "doctor/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "doctor/mirrors.h"
#include "upstream/engine.h"
#include "upstream/ping.h"

#define PULL_MS 12000
#define PROBE_NAME "library/larder-probe"
#define RELOAD "sudo systemctl reload docker (or restart docker)"

static bool is_expected(void)
{
	static const char *const places[] = { "/usr/bin/dockerd", "/usr/sbin/dockerd",
					      "/usr/local/bin/dockerd" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			return true;
	return getenv("DOCKER_HOST") != NULL || getenv("DOCKER_CONTEXT") != NULL;
}

static void say_no_engine(struct group *g, const struct err *e)
{
	bool asked_for = strcmp(g->d->conf.engine, "docker") != 0;

	if (e->kind == ERR_NOT_FOUND && !asked_for && !is_expected()) {
		finding_say(g, "docker", FINDING_SKIPPED, "there is no Docker here");
		return;
	}
	finding_say(g, "docker", FINDING_FAIL, "the engine is not reached: %.400s",
		    e->msg);
	if (e->kind == ERR_DENIED)
		finding_remedy(g, "sudo larder doctor; or sudo usermod -aG docker USER, "
				  "and log in again");
	else
		finding_remedy(g,
			       "start it (sudo systemctl start docker), say where it "
			       "is (--engine SOCKET), or leave it out (--engine none)");
}

/* What is wrong with a mirror that is not ours by its address? False: it is this larder,
 * by another address. */
static bool is_other(struct group *g, struct view running, char why[300])
{
	const struct doctor_conf *conf = &g->d->conf;
	char ours[64], theirs[64];
	struct err e;

	if (mirrors_instance(conf->mirror, conf->ca, ours, NULL) != 0)
		ours[0] = '\0';
	why[0] = '\0';
	for (size_t i = 0; i < running.n; i += strlen(running.p + i) + 1) {
		if (mirrors_instance(running.p + i, conf->ca, theirs, &e) != 0)
			snprintf(why, 300, "nothing answers there (%.200s)", e.msg);
		else if (theirs[0] == '\0')
			snprintf(why, 300, "what answers there is no larder");
		else if (strcmp(theirs, ours) != 0)
			snprintf(why, 300, "that is another larder");
		else
			return false;
	}
	return true;
}

static void say_not_restarted(struct group *g, const char *path, struct view configured,
			      struct view running)
{
	char file[200], now[200];

	mirrors_show(configured, file);
	mirrors_show(running, now);
	finding_say(g, "docker mirror", FINDING_FAIL,
		    "Docker has not been restarted since %.150s changed: it uses %s, the "
		    "file says %s",
		    path, now[0] != '\0' ? now : "no mirror",
		    file[0] != '\0' ? file : "none");
	finding_remedy(g, RELOAD);
}

static void say_wrong_mirror(struct group *g, struct view running, const char *why)
{
	char now[200];

	if (running.n == 0) {
		finding_say(g, "docker mirror", FINDING_FAIL,
			    "Docker has no registry mirror: it pulls from Docker Hub");
		finding_remedy(g, "sudo larder setup docker, then " RELOAD);
		return;
	}
	mirrors_show(running, now);
	finding_say(g, "docker mirror", FINDING_FAIL,
		    "Docker's mirror is %s and not this larder: %s", now, why);
	finding_remedy(g, "set it to %.150s: sudo larder setup docker, then " RELOAD,
		       g->d->conf.mirror);
}

/* True: the engine uses this larder, as far as it says itself. */
static bool check_mirrors(struct group *g, struct view running)
{
	const struct doctor_conf *conf = &g->d->conf;
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/docker/daemon.json", conf->etc);
	CLEANUP(buf_done)
	struct buf configured = BUF_INIT(MIRRORS_MAX_BYTES);
	struct err e = { 0 };
	char why[300];
	bool ours, file = true;

	if (mirrors_read(path, &configured, &e) != 0) {
		file = e.kind == ERR_NOT_FOUND;
		if (!file) {
			finding_say(g, "daemon.json", FINDING_FAIL, "%.400s", e.msg);
			finding_remedy(g, "mend the file: Docker does not start with it "
					  "as it is");
		}
	}
	ours = mirrors_have(running, conf->mirror) ||
	       (running.n > 0 && !is_other(g, running, why));
	if (file && configured.n > 0 && !mirrors_equal(running, buf_view(&configured))) {
		say_not_restarted(g, path, buf_view(&configured), running);
		return ours;
	}
	if (!ours) {
		say_wrong_mirror(g, running, why);
		return false;
	}
	finding_say(g, "docker mirror", FINDING_OK, "Docker's registry mirror is %.200s",
		    running.p);
	return true;
}

static void make_name(char name[80], char tag[40])
{
	unsigned char random[10];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		memset(random, (int)clock_mono_ms(), sizeof(random));
	memcpy(tag, "probe-", 6);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(tag + 6 + 2 * i, 3, "%02x", random[i]);
	snprintf(name, 80, "docker.io/" PROBE_NAME ":%s", tag);
}

/* What this larder says the image is. */
static int ask_larder(struct group *g, const char *tag, char digest[DIGEST_TEXT_MAX],
		      struct err *e)
{
	struct upstream_manifest m;
	struct reference ref;
	struct reponame name;

	if (reponame_parse(VIEW(PROBE_NAME), &name, e) != 0 ||
	    reference_parse(view_of(tag), &ref, e) != 0 ||
	    upstream_head_manifest(g->d->mirror, &name, &ref, clock_mono_ms() + 5000, &m,
				   e) != 0)
		return -1;
	digest_text(&m.digest, digest);
	return 0;
}

static void say_past(struct group *g, bool ours, const struct err *pull)
{
	struct upstream_ping p = { 0 };

	finding_say(g, "docker pull", FINDING_FAIL,
		    "silent fallback: Docker went past the mirror (%.300s)", pull->msg);
	upstream_ping(g->d->mirror, "/v2/", clock_mono_ms() + 3000, &p, NULL);
	if (!ours)
		finding_remedy(g, "see docker mirror above");
	else if (p.status == 401)
		finding_remedy(g, "the mirror asks for a password, which Docker does not "
				  "have: let everybody pull (larder.access: anonymous ** "
				  "pull)");
	else if (p.status == 0)
		finding_remedy(g, "see mirror above: Docker asks it first, gets no "
				  "answer, and says nothing");
	else
		finding_remedy(g,
			       "the mirror answers here, but not to Docker: see "
			       "journalctl -u docker for \"Attempting next endpoint\", "
			       "whether the engine reaches %.150s from where it runs, "
			       "and whether its proxy is asked for it (NO_PROXY)",
			       g->d->conf.mirror);
}

/* Does the engine have it under this digest? */
static bool has_digest(struct engine *g, const char *name, const char *digest,
		       const struct buf *said)
{
	struct engine_image image = { 0 };
	bool found = false, same = false;

	if (strstr(buf_str(said), digest) != NULL)
		return true;
	if (engine_find(g, name, &image, &found, NULL) != 0 || !found)
		return false;
	for (size_t i = 0; i < image.digests.n; i += strlen(image.digests.p + i) + 1)
		same = same || strstr(image.digests.p + i, digest) != NULL;
	engine_image_done(&image);
	return same;
}

static void check_pull(struct group *g, struct engine *engine, bool ours)
{
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(65536);
	char name[80], tag[40], digest[DIGEST_TEXT_MAX] = "";
	struct err e, why;

	make_name(name, tag);
	if (engine_pull(engine, name, NULL, clock_mono_ms() + PULL_MS, &said, &e) != 0) {
		say_past(g, ours, &e);
		engine_remove(engine, name, true, NULL);
		return;
	}
	if (ask_larder(g, tag, digest, &why) != 0) {
		finding_say(g, "docker pull", FINDING_FAIL,
			    "Docker pulls through a larder, but the one at %.150s does "
			    "not answer: %.200s",
			    g->d->conf.mirror, why.msg);
		finding_remedy(g, "name the mirror that Docker has (--mirror URL)");
	} else if (!has_digest(engine, name, digest, &said)) {
		finding_say(g, "docker pull", FINDING_FAIL,
			    "Docker pulls through another larder than the one at %.150s",
			    g->d->conf.mirror);
		finding_remedy(g, "name the mirror that Docker has (--mirror URL), or "
				  "set it: sudo larder setup docker");
	} else {
		finding_say(g, "docker pull", FINDING_OK,
			    "a pull came through this larder (%.60s)", name);
	}
	engine_remove(engine, name, true, NULL);
}

void check_docker(struct group *g)
{
	struct engine_settings settings = { 0 };
	struct engine *engine;
	bool ours = true;
	struct err e;

	if (g->d->conf.engine == NULL) {
		finding_say(g, "docker", FINDING_SKIPPED, "--engine none");
		return;
	}
	engine = engine_open(g->d->conf.engine, &e);
	if (engine == NULL) {
		say_no_engine(g, &e);
		return;
	}
	finding_say(g, "docker", FINDING_OK, "%s answers at %.200s",
		    engine_facts(engine)->name, engine_where(engine));
	if (!engine_facts(engine)->podman) {
		if (engine_settings(engine, &settings, &e) == 0)
			ours = check_mirrors(g, buf_view(&settings.mirrors));
		else
			finding_say(g, "docker mirror", FINDING_WARN, "%.400s", e.msg);
	}
	check_pull(g, engine, ours);
	engine_settings_done(&settings);
	engine_close(engine);
}
