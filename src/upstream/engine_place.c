/*
 * engine_place.c - the docker command's own order: DOCKER_HOST, the context in use, the
 * usual sockets. Reads the environment and small files of the user's.
 */
#include "upstream/engine_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "oci/digest.h"
#include "upstream/url.h"

#define FILE_MAX_BYTES (1u << 20)

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

static int at_socket(const char *path, struct engine_place *p, struct err *e)
{
	if (path[0] != '/')
		return err_set(e, ERR_INVALID,
			       "engine %.200s: a socket is written with its whole path, "
			       "like unix:///var/run/docker.sock",
			       path);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(e, ERR_INVALID,
			       "engine %.200s: the system allows sockets no path of more "
			       "than %zu bytes",
			       path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	snprintf(p->unix_path, sizeof(p->unix_path), "%s", path);
	snprintf(p->shown, sizeof(p->shown), "unix://%s", path);
	snprintf(p->base, sizeof(p->base), "http://localhost");
	return 0;
}

/* The folder with an engine's certificates, where it is to be spoken to over TLS. */
static int add_certificates(struct engine_place *p, struct err *e)
{
	const char *dir = env("DOCKER_CERT_PATH"), *home = env("HOME");
	int n = 0;

	if (dir != NULL)
		n = snprintf(p->cert_dir, sizeof(p->cert_dir), "%s", dir);
	else if (home != NULL)
		n = snprintf(p->cert_dir, sizeof(p->cert_dir), "%s/.docker", home);
	if (n > 0 && (size_t)n < sizeof(p->cert_dir))
		return 0;
	return err_set(e, ERR_INVALID,
		       "DOCKER_TLS_VERIFY is set: set DOCKER_CERT_PATH to the folder of "
		       "ca.pem, cert.pem and key.pem");
}

static int at_address(const char *text, const char *rest, struct engine_place *p,
		      struct err *e)
{
	bool tls = env("DOCKER_TLS_VERIFY") != NULL;
	struct url u;
	int n;

	n = snprintf(p->base, sizeof(p->base), "http%s://%s", tls ? "s" : "", rest);
	if (n < 0 || (size_t)n >= sizeof(p->base) || rest[strcspn(rest, "/?#")] != '\0' ||
	    url_parse(p->base, &u, NULL) != 0)
		return err_set(e, ERR_INVALID,
			       "engine %.200s: write it like tcp://127.0.0.1:2375", text);
	/* The ports that Docker takes where none is written. */
	if (u.port == (tls ? 443 : 80) && strchr(strrchr(rest, ']') ?: rest, ':') == NULL)
		snprintf(p->base, sizeof(p->base), "http%s://%s:%d", tls ? "s" : "",
			 u.host, tls ? 2376 : 2375);
	snprintf(p->shown, sizeof(p->shown), "tcp://%s", p->base + (tls ? 8 : 7));
	return tls ? add_certificates(p, e) : 0;
}

int engine_place_parse(const char *text, struct engine_place *out, struct err *e)
{
	struct engine_place p = { 0 };
	int rc;

	if (strncmp(text, "unix://", 7) == 0)
		rc = at_socket(text + 7, &p, e);
	else if (text[0] == '/')
		rc = at_socket(text, &p, e);
	else if (strncmp(text, "tcp://", 6) == 0)
		rc = at_address(text, text + 6, &p, e);
	else if (strncmp(text, "http://", 7) == 0)
		rc = at_address(text, text + 7, &p, e);
	else if (strncmp(text, "ssh://", 6) == 0)
		rc = err_set(e, ERR_INVALID,
			     "engine %.150s: engines behind ssh are not spoken to "
			     "directly. Forward the socket (ssh -nNT -L "
			     "/tmp/engine.sock:/var/run/docker.sock HOST) and use "
			     "unix:///tmp/engine.sock",
			     text);
	else
		rc = err_set(e, ERR_INVALID,
			     "engine \"%.150s\": write it like "
			     "unix:///var/run/docker.sock or tcp://127.0.0.1:2375",
			     text);
	if (rc == 0)
		*out = p;
	return rc;
}

static int parse_env(const char *name, struct engine_place *out, struct err *e)
{
	if (engine_place_parse(env(name), out, e) == 0)
		return 0;
	return err_add(e, "%s", name);
}

/* A small JSON file of the user's; NULL: not there, or no JSON. */
static struct json *read_json(const char *path)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(FILE_MAX_BYTES);

	if (fs_read(AT_FDCWD, path, &text, NULL) != 0)
		return NULL;
	return json_parse(buf_view(&text), NULL);
}

/* The engine that a context names (docker/cli: contexts/meta/<sha256 of the name>). */
static int of_context(const char *config_dir, const char *context,
		      struct engine_place *out, struct err *e)
{
	char hex[DIGEST_HEX_MAX];
	struct digest d;
	const char *host;

	digest_of(HASH_SHA256, context, strlen(context), &d);
	digest_hex(&d, hex);
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/contexts/meta/%s/meta.json", config_dir, hex);
	CLEANUP(json_freep)
	struct json *doc = read_json(path);

	host = json_get_str(json_get(json_get(doc, "Endpoints"), "docker"), "Host");
	if (host == NULL)
		return err_set(
			e, ERR_NOT_FOUND,
			"the Docker context \"%.100s\" is in use but not readable; "
			"see `docker context ls`, or say where the engine is",
			context);
	if (engine_place_parse(host, out, e) == 0)
		return 0;
	return err_add(e, "Docker context \"%.100s\"", context);
}

/* 1: no context but the default one. */
static int by_context(struct engine_place *out, struct err *e)
{
	const char *dir = env("DOCKER_CONFIG"), *home = env("HOME");
	const char *name = env("DOCKER_CONTEXT");

	if (dir == NULL && home == NULL)
		return 1;
	CLEANUP(mem_freep)
	char *config_dir = dir ? mem_dup(dir) : mem_fmt("%s/.docker", home);
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/config.json", config_dir);
	CLEANUP(json_freep)
	struct json *doc = name == NULL ? read_json(path) : NULL;

	if (name == NULL)
		name = json_get_str(doc, "currentContext");
	if (name == NULL || *name == '\0' || strcmp(name, "default") == 0)
		return 1;
	return of_context(config_dir, name, out, e);
}

/* Of the places "XDG/x" (below the user's run directory) and "/x", the first that exists.
 */
static int first_there(const char *const *places, size_t n, struct engine_place *out,
		       struct err *e)
{
	const char *run = env("XDG_RUNTIME_DIR");
	size_t i;

	for (i = 0; i < n; i++) {
		bool own = places[i][0] != '/';
		CLEANUP(mem_freep)
		char *path = NULL;

		if (own && run == NULL)
			continue;
		path = own ? mem_fmt("%s/%s", run, places[i]) : mem_dup(places[i]);
		if (access(path, F_OK) == 0)
			return at_socket(path, out, e);
	}
	return 1;
}

static int find_podman(struct engine_place *out, struct err *e)
{
	static const char *const places[] = { "podman/podman.sock",
					      "/run/podman/podman.sock" };
	int rc;

	if (env("CONTAINER_HOST") != NULL)
		return parse_env("CONTAINER_HOST", out, e);
	rc = first_there(places, ARRAY_LEN(places), out, e);
	if (rc <= 0)
		return rc;
	return err_set(
		e, ERR_NOT_FOUND,
		"no Podman engine: there is no /run/podman/podman.sock and none of "
		"the user's own. Start it (systemctl [--user] start podman.socket), "
		"or say where it is, like unix:///run/x.sock");
}

int engine_place_find(const char *where, struct engine_place *out, struct err *e)
{
	static const char *const places[] = { "/var/run/docker.sock", "docker.sock",
					      "podman/podman.sock",
					      "/run/podman/podman.sock" };
	struct engine_place p = { 0 };
	int rc;

	if (where != NULL && strcmp(where, "podman") == 0)
		rc = find_podman(&p, e);
	else if (where != NULL && *where != '\0' && strcmp(where, "docker") != 0)
		rc = engine_place_parse(where, &p, e);
	else if (env("DOCKER_HOST") != NULL)
		rc = parse_env("DOCKER_HOST", &p, e);
	else if ((rc = by_context(&p, e)) > 0)
		rc = first_there(places, ARRAY_LEN(places), &p, e);
	if (rc > 0)
		return err_set(
			e, ERR_NOT_FOUND,
			"no engine: neither /var/run/docker.sock nor "
			"/run/podman/podman.sock is there. Start Docker (systemctl "
			"start docker), set DOCKER_HOST, or say where it is, like "
			"unix:///run/x.sock");
	if (rc == 0)
		*out = p;
	return rc;
}
