/*
 * engine.c - the calls of engine.h: facts when it is opened, then one request each.
 *
 * A struct engine does not change once it is open.
 */
#include "upstream/engine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/human.h"
#include "base/mem.h"
#include "codec/json.h"
#include "upstream/engine_ask.h"
#include "upstream/engine_lines.h"

#define CA_MAX_BYTES (8u << 20)
/* An engine unpacks what it is given before it says a word. */
#define LOAD_WAIT_MS (30 * 60 * 1000)
/* While it downloads it says so all the time; unpacking a large layer is one line. */
#define PULL_WAIT_MS (10 * 60 * 1000)
#define API_LEAST 24
#define API_MOST 51 /* the newest of 1.x that is known here */

static int load_certificates(struct engine *g, struct err *e)
{
	const char *dir = g->place.cert_dir;
	CLEANUP(mem_freep)
	char *ca = mem_fmt("%s/ca.pem", dir);

	if (*dir == '\0')
		return 0;
	buf_init(&g->ca, CA_MAX_BYTES);
	if (fs_read(AT_FDCWD, ca, &g->ca, e) != 0)
		return err_add(e, "%s: DOCKER_TLS_VERIFY is set", g->place.shown);
	g->cert_file = mem_fmt("%s/cert.pem", dir);
	g->key_file = mem_fmt("%s/key.pem", dir);
	/* Engines that ask for no certificate of the client's exist. */
	if (access(g->cert_file, R_OK) != 0) {
		free(TAKE(g->cert_file));
		free(TAKE(g->key_file));
	}
	return 0;
}

/* The minor number of "1.41"; -1: not of that form. */
static int minor_of(const char *api)
{
	char *end;
	long n;

	if (api == NULL || strncmp(api, "1.", 2) != 0)
		return -1;
	n = strtol(api + 2, &end, 10);
	return end != api + 2 && *end == '\0' && n >= 0 && n < 10000 ? (int)n : -1;
}

static bool is_podman(const struct json *version)
{
	const struct json *parts = json_get(version, "Components");
	size_t i;

	for (i = 0; i < json_len(parts); i++) {
		const char *name = json_get_str(json_at(parts, i), "Name");

		if (name != NULL && strncasecmp(name, "podman", 6) == 0)
			return true;
	}
	return false;
}

static void copy(char *out, size_t n, const char *text)
{
	snprintf(out, n, "%s", text != NULL ? text : "");
	human_clean(out);
}

static int read_version(struct engine *g, const struct json *doc, struct err *e)
{
	struct engine_facts *f = &g->facts;
	int most = minor_of(json_get_str(doc, "ApiVersion"));
	int least = minor_of(json_get_str(doc, "MinAPIVersion"));

	if (most < 0)
		return err_set(e, ERR_UPSTREAM,
			       "%s: what answers there is no Docker or Podman engine",
			       g->place.shown);
	if (most < API_LEAST)
		return err_set(e, ERR_UPSTREAM,
			       "%s: the engine is too old (API 1.%d; 1.%d is needed)",
			       g->place.shown, most, API_LEAST);
	if (most > API_MOST)
		most = least > API_MOST ? least : API_MOST;
	snprintf(f->api, sizeof(f->api), "1.%d", most);
	snprintf(g->version, sizeof(g->version), "/v1.%d", most);
	f->podman = is_podman(doc);
	copy(f->version, sizeof(f->version), json_get_str(doc, "Version"));
	snprintf(f->name, sizeof(f->name), "%s %s", f->podman ? "Podman" : "Docker",
		 f->version);
	copy(f->platform.os, sizeof(f->platform.os), json_get_str(doc, "Os"));
	copy(f->platform.arch, sizeof(f->platform.arch), json_get_str(doc, "Arch"));
	if (f->platform.os[0] == '\0' || f->platform.arch[0] == '\0')
		return err_set(e, ERR_UPSTREAM, "%s: does not say what platform it is",
			       g->place.shown);
	return 0;
}

/* What only /info tells: the processor's generation, and whose the images are. */
static void read_info(struct engine *g, const struct json *doc)
{
	struct engine_facts *f = &g->facts;
	const char *machine = json_get_str(doc, "Architecture");
	const struct json *status = json_get(doc, "DriverStatus");
	size_t i;

	if (strcmp(f->platform.arch, "arm") == 0 && machine != NULL &&
	    strncmp(machine, "armv", 4) == 0)
		snprintf(f->platform.variant, sizeof(f->platform.variant), "v%c",
			 machine[4]);
	for (i = 0; i < json_len(status) && !f->podman; i++) {
		const struct json *pair = json_at(status, i);
		const char *key = json_str(json_at(pair, 0));
		const char *value = json_str(json_at(pair, 1));

		if (key != NULL && value != NULL && strcmp(key, "driver-type") == 0 &&
		    strncmp(value, "io.containerd.snapshotter", 25) == 0)
			f->containerd_store = true;
	}
}

static int get_facts(struct engine *g, struct err *e)
{
	CLEANUP(json_freep)
	struct json *version = engine_ask_json(g, "/version", e);
	CLEANUP(json_freep)
	struct json *info = NULL;

	if (version == NULL || read_version(g, version, e) != 0)
		return -1;
	info = engine_ask_json(g, "/info", e);
	if (info == NULL)
		return -1;
	read_info(g, info);
	return 0;
}

struct engine *engine_open(const char *where, struct err *e)
{
	struct engine *g = mem_alloc(sizeof(*g));

	if (engine_place_find(where, &g->place, e) == 0 && load_certificates(g, e) == 0 &&
	    get_facts(g, e) == 0)
		return g;
	engine_close(g);
	return NULL;
}

void engine_close(struct engine *g)
{
	if (g == NULL)
		return;
	buf_done(&g->ca);
	free(g->cert_file);
	free(g->key_file);
	free(g);
}

const struct engine_facts *engine_facts(const struct engine *g)
{
	return &g->facts;
}

const char *engine_where(const struct engine *g)
{
	return g->place.shown;
}

/* What stands in a path and needs no escape there. */
static int check_name(const char *name, struct err *e)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789._-/:@[]");

	if (n > 0 && name[n] == '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
	    n < 1024)
		return 0;
	return err_set(e, ERR_INVALID, "\"%.100s\" is no image name", name);
}

/* All the strings of an array, a NUL after each, as far as they fit. */
static void add_words(struct buf *out, const struct json *array)
{
	size_t i;

	for (i = 0; i < json_len(array); i++) {
		const char *s = json_str(json_at(array, i));

		if (s != NULL && out->n + strlen(s) + 1 <= out->limit)
			buf_add(out, s, strlen(s) + 1);
	}
}

void engine_image_done(struct engine_image *i)
{
	buf_done(&i->tags);
	buf_done(&i->digests);
}

static int read_image(const struct json *doc, struct engine_image *out, struct err *e)
{
	const char *id = json_get_str(doc, "Id");
	CLEANUP(mem_freep)
	char *text = NULL;
	struct engine_image i = { .tags = BUF_INIT(ENGINE_LISTS_MAX_BYTES),
				  .digests = BUF_INIT(ENGINE_LISTS_MAX_BYTES) };
	int64_t size = 0;

	if (id == NULL)
		return err_set(e, ERR_UPSTREAM,
			       "the engine describes an image without "
			       "an id");
	/* Podman has left the algorithm out at times. */
	text = strchr(id, ':') != NULL ? mem_dup(id) : mem_fmt("sha256:%s", id);
	if (digest_parse(view_of(text), &i.id, e) != 0)
		return err_add(e, "the engine's id of an image");
	copy(i.platform.os, sizeof(i.platform.os), json_get_str(doc, "Os"));
	copy(i.platform.arch, sizeof(i.platform.arch), json_get_str(doc, "Architecture"));
	copy(i.platform.variant, sizeof(i.platform.variant),
	     json_get_str(doc, "Variant"));
	json_get_int(doc, "Size", &size);
	i.size = size > 0 ? (uint64_t)size : 0;
	add_words(&i.tags, json_get(doc, "RepoTags"));
	add_words(&i.digests, json_get(doc, "RepoDigests"));
	*out = i;
	return 0;
}

int engine_find(struct engine *g, const char *image, struct engine_image *out,
		bool *found, struct err *e)
{
	struct err mine;

	e = e != NULL ? e : &mine;
	if (check_name(image, e) != 0)
		return -1;
	CLEANUP(mem_freep)
	char *path = mem_fmt("/images/%s/json", image);
	CLEANUP(json_freep)
	struct json *doc = engine_ask_json(g, path, e);

	if (doc == NULL) {
		if (e->kind != ERR_NOT_FOUND)
			return err_add(e, "looking for %.150s", image);
		*found = false;
		return 0;
	}
	if (read_image(doc, out, e) != 0)
		return -1;
	*found = true;
	return 0;
}

static int on_lines(void *arg, const void *p, size_t n, struct err *e)
{
	return engine_lines_feed(arg, p, n, e);
}

/* A request that is answered with lines. */
static int ask_lines(struct engine *g, struct engine_request *r, struct buf *said,
		     struct err *e)
{
	CLEANUP(engine_lines_done)
	struct engine_lines lines;

	engine_lines_init(&lines, said);
	r->data = on_lines;
	r->arg = &lines;
	if (engine_ask(g, r, e) != 0)
		return -1;
	return engine_lines_end(&lines, e);
}

int engine_load(struct engine *g, const struct transport_body *tar, struct buf *said,
		struct err *e)
{
	struct engine_request r = { .method = "POST",
				    .path = "/images/load?quiet=1",
				    .body = tar,
				    .type = "application/x-tar",
				    .wait_ms = LOAD_WAIT_MS };

	if (ask_lines(g, &r, said, e) != 0)
		return err_add(e, "loading into %s", g->facts.name);
	return 0;
}

static void add_query(struct buf *path, const char *key, const char *value)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-/";
	size_t i;

	buf_addf(path, "%s%s=", memchr(buf_str(path), '?', path->n) ? "&" : "?", key);
	for (i = 0; value[i] != '\0'; i++)
		buf_addf(path, strchr(safe, value[i]) ? "%c" : "%%%02X",
			 (unsigned char)value[i]);
}

/* Where the tag of "HOST:1/NAME:TAG" begins, or the digest; the end where there is none.
 */
static size_t name_length(const char *name)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	const char *colon = strchr(slash != NULL ? slash : name, ':');

	if (at != NULL)
		return (size_t)(at - name);
	return colon != NULL ? (size_t)(colon - name) : strlen(name);
}

int engine_tag(struct engine *g, const char *image, const char *name, struct err *e)
{
	CLEANUP(buf_done)
	struct buf path = BUF_INIT(8192);
	size_t n = name_length(name);
	CLEANUP(mem_freep)
	char *repo = mem_dupn(name, n);
	struct engine_request r = { .method = "POST" };

	if (check_name(image, e) != 0 || check_name(name, e) != 0)
		return -1;
	if (name[n] != ':')
		return err_set(e, ERR_INVALID, "\"%.150s\" has no tag", name);
	buf_addf(&path, "/images/%s/tag", image);
	add_query(&path, "repo", repo);
	add_query(&path, "tag", name + n + 1);
	r.path = buf_str(&path);
	if (engine_ask(g, &r, e) != 0)
		return err_add(e, "tagging %.150s", name);
	return 0;
}

int engine_remove(struct engine *g, const char *image, bool force, struct err *e)
{
	struct engine_request r = { .method = "DELETE" };

	if (check_name(image, e) != 0)
		return -1;
	CLEANUP(mem_freep)
	char *path = mem_fmt("/images/%s%s", image, force ? "?force=1" : "");

	r.path = path;
	if (engine_ask(g, &r, e) != 0)
		return err_add(e, "removing %.150s", image);
	return 0;
}

int engine_pull(struct engine *g, const char *name, const char *platform,
		int64_t deadline_ms, struct buf *said, struct err *e)
{
	CLEANUP(buf_done)
	struct buf path = BUF_INIT(8192);
	size_t n = name_length(name);
	CLEANUP(mem_freep)
	char *repo = mem_dupn(name, n);
	struct engine_request r = { .method = "POST",
				    .deadline_ms = deadline_ms,
				    .wait_ms = PULL_WAIT_MS };

	if (check_name(name, e) != 0)
		return -1;
	buf_adds(&path, "/images/create");
	add_query(&path, "fromImage", repo);
	/* Without one Docker would pull every tag there is. */
	add_query(&path, "tag", name[n] != '\0' ? name + n + 1 : "latest");
	if (platform != NULL)
		add_query(&path, "platform", platform);
	r.path = buf_str(&path);
	if (ask_lines(g, &r, said, e) != 0)
		return err_add(e, "%s: pulling %.150s", g->facts.name, name);
	return 0;
}

void engine_settings_done(struct engine_settings *s)
{
	buf_done(&s->mirrors);
	buf_done(&s->insecure);
}

int engine_settings(struct engine *g, struct engine_settings *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = engine_ask_json(g, "/info", e);
	const struct json *config = json_get(doc, "RegistryConfig"), *one;
	struct engine_settings s = { .mirrors = BUF_INIT(ENGINE_LISTS_MAX_BYTES),
				     .insecure = BUF_INIT(ENGINE_LISTS_MAX_BYTES) };
	const char *name;
	void *at = NULL;
	bool secure;

	if (doc == NULL)
		return -1;
	add_words(&s.mirrors, json_get(config, "Mirrors"));
	add_words(&s.insecure, json_get(config, "InsecureRegistryCIDRs"));
	/* Secure: false marks a registry that was named; it may also be a mirror's. */
	while (json_each(json_get(config, "IndexConfigs"), &at, &name, &one))
		if (json_get_bool(one, "Secure", &secure) && !secure)
			buf_add(&s.insecure, name, strlen(name) + 1);
	copy(s.root, sizeof(s.root), json_get_str(doc, "DockerRootDir"));
	copy(s.driver, sizeof(s.driver), json_get_str(doc, "Driver"));
	*out = s;
	return 0;
}
