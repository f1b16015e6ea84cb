/*
 * pull_target.c - which target a text means, and names in it.
 */
#include "app/pull_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/wire.h"
#include "base/mem.h"
#include "mirror/copy.h"
#include "mirror/load.h"
#include "oci/reference.h"
#include "upstream/engine.h"
#include "upstream/upstream.h"

struct pull_target {
	struct store *store;
	struct engine *engine; /* or */
	struct copier *copier; /* with */
	struct upstream *registry;
	char prefix[NAME_MAX_BYTES + 1]; /* of names there: "" or "a/b" */
	char name[700];
};

static int bad(const char *text, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "\"%.100s\" is no target: docker, podman, docker:SOCKET, or "
		       "registry://HOST[:PORT][/PREFIX]",
		       text);
}

static int open_engine(struct pull_target *t, const char *where, struct err *e)
{
	t->engine = engine_open(where, e);
	if (t->engine == NULL)
		return -1;
	snprintf(t->name, sizeof(t->name), "%s", engine_facts(t->engine)->name);
	return 0;
}

/* What the settings know of that registry counts here, too. */
static int open_upstream(struct pull_target *t, const struct settings *s,
			 const char *scheme, const char *host, struct err *e)
{
	const struct setting_upstream *known = settings_upstream(s, host);
	CLEANUP(mem_freep)
	char *url = mem_fmt("%s://%s", scheme, host);
	struct upstream_conf conf = {
		.host = host,
		.url = url,
		.docker_config = s->docker_config,
		.ca_file = s->ca_file,
		.connect_ms = (int)s->connect_ms,
		.header_ms = (int)s->header_ms,
		.stall_ms = (int)s->stall_ms,
	};
	CLEANUP(mem_freep)
	struct upstream_login *logins = NULL;

	if (known != NULL) {
		logins = wire_logins(known);
		conf.logins = logins;
		conf.n_logins = known->n_logins;
		conf.username = known->username;
		conf.password = known->password;
		conf.realm_host = known->realm_host;
		conf.ca_file = known->ca_file != NULL ? known->ca_file : s->ca_file;
	}
	t->registry = upstream_new(&conf, e);
	if (t->registry == NULL)
		return -1;
	t->copier = copier_new(t->registry);
	snprintf(t->name, sizeof(t->name), "registry %s%s%s", host,
		 t->prefix[0] != '\0' ? "/" : "", t->prefix);
	return 0;
}

static int open_registry(struct pull_target *t, const struct settings *s,
			 const char *scheme, const char *rest, struct err *e)
{
	struct view host = { rest, strcspn(rest, "/") };
	struct view prefix = view_of(rest + host.n);
	struct reponame name = { .s = "" };
	char canonical[256];

	while (prefix.n > 0 && prefix.p[0] == '/')
		prefix = (struct view){ prefix.p + 1, prefix.n - 1 };
	while (prefix.n > 0 && prefix.p[prefix.n - 1] == '/')
		prefix.n--;
	if (registry_host_parse(host, canonical, e) != 0 ||
	    (prefix.n > 0 && reponame_parse(prefix, &name, e) != 0))
		return -1;
	snprintf(t->prefix, sizeof(t->prefix), "%s", name.s);
	if (strcmp(scheme, "registry") == 0)
		scheme = registry_host_is_loopback(view_of(canonical)) ? "http" : "https";
	return open_upstream(t, s, scheme, canonical, e);
}

static int open_text(struct pull_target *t, const char *text, const struct settings *s,
		     struct err *e)
{
	static const char *const schemes[] = { "registry", "http", "https" };
	size_t i;

	if (strcmp(text, "docker") == 0 || strcmp(text, "podman") == 0)
		return open_engine(t, text, e);
	if (strncmp(text, "docker:", 7) == 0 || strncmp(text, "podman:", 7) == 0)
		return open_engine(t, text + 7, e);
	for (i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (strncmp(text, schemes[i], n) == 0 && strncmp(text + n, "://", 3) == 0)
			return open_registry(t, s, schemes[i], text + n + 3, e);
	}
	return bad(text, e);
}

int pull_target_open(const char *text, const struct settings *s, struct store *store,
		     struct pull_target **out, struct err *e)
{
	struct pull_target *t = mem_alloc(sizeof(*t));

	t->store = store;
	if (open_text(t, text, s, e) == 0) {
		*out = t;
		return 0;
	}
	pull_target_close(t);
	return err_add(e, "--to %.100s", text);
}

void pull_target_close(struct pull_target *t)
{
	if (t == NULL)
		return;
	engine_close(t->engine);
	copier_free(t->copier);
	upstream_unref(t->registry);
	free(t);
}

const char *pull_target_name(const struct pull_target *t)
{
	return t->name;
}

size_t pull_target_platform(const struct pull_target *t, struct platform *p)
{
	if (t->engine == NULL)
		return 0;
	*p = engine_facts(t->engine)->platform;
	return 1;
}

static int hand_to_engine(struct pull_target *t, struct batch_image *im, bool *current,
			  struct err *e)
{
	char text[IMAGEREF_TEXT_MAX];
	const char *names[] = { text };
	struct load_job job = {
		.store = t->store,
		.from = &im->route.name,
		.digest = &im->done.digest,
		.platform = im->nplatforms == 1 ? &im->platform[0] : NULL,
		.to = t->engine,
		.names = names,
		.nnames = 1,
		.progress = &im->loading,
	};

	imageref_text(&im->image, text);
	return load_image(&job, NULL, current, e);
}

/* As people know it, below the prefix: Docker Hub's without host and library/. */
static int name_there(const struct pull_target *t, const struct batch_image *im,
		      struct reponame *out, struct err *e)
{
	char host[sizeof(im->image.host)], text[3 * NAME_MAX_BYTES + 16];
	const char *name = im->image.name.s;
	char *colon;

	snprintf(host, sizeof(host), "%s", im->image.host);
	if (strcmp(host, "docker.io") == 0)
		host[0] = '\0';
	colon = strrchr(host, ':');
	if (colon != NULL)
		*colon = '_'; /* no character of names */
	if (host[0] == '\0' && strncmp(name, "library/", 8) == 0 &&
	    strchr(name + 8, '/') == NULL)
		name += 8;
	snprintf(text, sizeof(text), "%s%s%s%s%s", t->prefix,
		 t->prefix[0] != '\0' ? "/" : "", host, host[0] != '\0' ? "/" : "", name);
	return reponame_parse(view_of(text), out, e);
}

static int hand_to_registry(struct pull_target *t, struct batch_image *im, bool *current,
			    struct err *e)
{
	struct reponame name;
	struct copy_job job = {
		.store = t->store,
		.from = &im->route.name,
		.digest = &im->done.digest,
		.name = &name,
		.tag = im->image.tag[0] != '\0' ? im->image.tag : NULL,
		.platform = im->nplatforms == 1 ? &im->platform[0] : NULL,
		.progress = &im->copying,
	};

	if (im->nplatforms > 1)
		return err_set(e, ERR_INVALID,
			       "another registry takes all platforms of an image, or "
			       "one: not %zu",
			       im->nplatforms);
	if (name_there(t, im, &name, e) != 0)
		return -1;
	return copy_image(t->copier, &job, NULL, current, e);
}

int pull_target_hand(void *target, struct batch_image *im, bool *handed, struct err *e)
{
	struct pull_target *t = target;
	bool current = false;
	int rc = t->engine != NULL ? hand_to_engine(t, im, &current, e)
				   : hand_to_registry(t, im, &current, e);

	if (rc == 0)
		*handed = !current;
	return rc;
}
