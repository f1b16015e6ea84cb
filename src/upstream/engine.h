/*
 * engine.h - a Docker or Podman engine, by its HTTP API on a socket
 * (Docker Engine API 1.24 to 1.51; Podman's compatible one).
 *
 * Every call blocks and belongs on a thread that may; any number of threads may share one
 * engine. upstream_global_init comes first; upstream_cancel_all ends calls under way.
 *
 * Errors: DENIED for a socket that this user may not open; NOT_FOUND for a socket that is
 * not there, and for images the engine does not have (or, in a pull, the registry);
 * BUSY for a registry's 429 in a pull; UPSTREAM for an engine that does not answer, or
 * refuses; INVALID for a place that is none. Messages name the place and say what to do.
 */
#ifndef LARDER_UPSTREAM_ENGINE_H
#define LARDER_UPSTREAM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/platform.h"
#include "upstream/transport.h"

#define ENGINE_LISTS_MAX_BYTES (64u << 10) /* mirrors, insecure registries, digests */

struct engine;

/* What it says of itself. */
struct engine_facts {
	bool podman;
	bool containerd_store; /* its images are containerd's: an image's id is the digest
				  of its manifest, or index; else of its config */
	struct platform platform; /* what it runs by itself */
	char version[64];	  /* "20.10.24", "4.3.1" */
	char api[16];		  /* the version that is spoken with it */
	char name[80];		  /* "Docker 20.10.24" */
};

/* where: "unix:///run/x.sock", "/run/x.sock", "tcp://127.0.0.1:2375"; or "docker" (and
 * NULL and "") for what the docker command would use: DOCKER_HOST, the context in use
 * (DOCKER_CONTEXT, or `docker context use`), /var/run/docker.sock, rootless Docker's
 * socket, Podman's; or "podman" for CONTAINER_HOST, then Podman's socket, the user's own
 * before the system's. With DOCKER_TLS_VERIFY set, tcp:// is TLS with ca.pem, cert.pem
 * and key.pem of DOCKER_CERT_PATH (~/.docker). Asks the engine for its version; NULL and
 * *e when it does not answer. engine_close takes NULL. */
struct engine *engine_open(const char *where, struct err *e);
void engine_close(struct engine *g);
const struct engine_facts *engine_facts(const struct engine *g);
const char *engine_where(const struct engine *g); /* "unix:///var/run/docker.sock" */

/* An image that it has. */
struct engine_image {
	struct digest id; /* as engine_facts.containerd_store says of what */
	struct platform platform;
	uint64_t size;	    /* as the engine counts */
	struct buf tags;    /* "python:3.11-slim", a NUL after each */
	struct buf digests; /* "python@sha256:...", the same */
};

void engine_image_done(struct engine_image *i); /* also when zeroed */
/* By name, name@digest or id. *found false, *out untouched: it does not have it; that is
 * no error. out is initialised here. */
int engine_find(struct engine *g, const char *image, struct engine_image *out,
		bool *found, struct err *e);

/* POST /images/load of a tar that the body yields. What the engine says of names and ids
 * is appended to said (NULL: not wanted), a line each, as far as its limit goes. The
 * engine may take its time after the last byte: up to half an hour. */
int engine_load(struct engine *g, const struct transport_body *tar, struct buf *said,
		struct err *e);
/* Give the image one more name, "HOST/NAME:TAG" or "NAME:TAG". */
int engine_tag(struct engine *g, const char *image, const char *name, struct err *e);
/* A name, or with its last name the image. force: even if containers use it. */
int engine_remove(struct engine *g, const char *image, bool force, struct err *e);
/* As `docker pull`: name is "NAME:TAG" or "NAME@DIGEST", platform "os/arch[/variant]" or
 * NULL. deadline_ms: monotonic, 0: none. said as for engine_load: the engine's status
 * lines ("Digest: sha256:...", "Status: Image is up to date for ..."). Without
 * credentials: the engine has its own only when the docker command is used. */
int engine_pull(struct engine *g, const char *name, const char *platform,
		int64_t deadline_ms, struct buf *said, struct err *e);

/* How it is set up, as GET /info says; each list's words have a NUL after them. */
struct engine_settings {
	struct buf mirrors;  /* URLs of `registry-mirrors`, in order */
	struct buf insecure; /* networks and host[:port] of `insecure-registries` */
	char root[256];	     /* "/var/lib/docker" */
	char driver[64];     /* "overlay2" */
};

void engine_settings_done(struct engine_settings *s); /* also when zeroed */
/* out is initialised here, untouched on failure. Podman has its mirrors elsewhere
 * (registries.conf): lists are then empty. */
int engine_settings(struct engine *g, struct engine_settings *out, struct err *e);

#endif
