/*
 * dockerconf.h - what a Docker config.json says of one registry. Pure.
 */
#ifndef LARDER_UPSTREAM_DOCKERCONF_H
#define LARDER_UPSTREAM_DOCKERCONF_H

#include "base/err.h"
#include "codec/json.h"
#include "upstream/cred.h"

/* The name by which config.json and helpers know a registry: "docker.io" has an old URL.
 */
const char *dockerconf_server(const char *host);
/* The helper to ask for host: a string of doc, or NULL. */
const char *dockerconf_helper(const struct json *doc, const char *host);
/* The credential written in the file; none is success. ERR_DENIED: not readable. */
int dockerconf_auth(const struct json *doc, const char *host, struct cred *out,
		    struct err *e);
/* What a helper printed. "<token>" as Username means an identity token. */
int dockerconf_answer(struct view text, struct cred *out, struct err *e);

#endif
