/*
 * kaniko.c - kaniko has no configuration file: flags of its executor, or variables.
 *
 * It says no ?ns=, so each registry is a path below the mirror, as --registry-map has it
 * (kaniko 1.23); Docker Hub is "index.docker.io" to it.
 */
#include <string.h>

#include "clients/client.h"

static int map(const struct wish *w, size_t i, struct buf *out)
{
	bool is_hub = strcmp(w->registry[i], "docker.io") == 0;

	return buf_addf(out, "%s=%s/%s", is_hub ? "index.docker.io" : w->registry[i],
			w->host, w->registry[i]);
}

static int print(const struct wish *w, struct buf *out)
{
	int rc = buf_adds(out, "# /kaniko/executor takes these, or KANIKO_REGISTRY_MAP "
			       "below for the first ones.\n");
	size_t i;

	for (i = 0; i < w->n && rc == 0; i++)
		rc = buf_adds(out, "--registry-map=") != 0 || map(w, i, out) != 0 ||
		     buf_adds(out, "\n") != 0;
	if (rc == 0 && !w->tls)
		rc = buf_addf(out, "--insecure-registry=%s\n", w->host);
	if (rc == 0 && w->ca != NULL)
		rc = buf_addf(out, "--registry-certificate=%s=%s\n", w->host, w->ca);
	if (rc == 0)
		rc = buf_adds(out, "\n# As a variable of its container:\n"
				   "KANIKO_REGISTRY_MAP=");
	for (i = 0; i < w->n && rc == 0; i++)
		rc = (i > 0 && buf_adds(out, ";") != 0) || map(w, i, out) != 0;
	return rc != 0 ? -1 : buf_adds(out, "\n");
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	if (!w->loopback)
		return 0;
	return buf_addf(out,
			"%s inside kaniko's container is that container: name an address "
			"of larder that it\n"
			"can reach with --mirror.\n",
			w->host);
}

const struct client kaniko_client = {
	.name = "kaniko",
	.title = "kaniko",
	.print = print,
	.after = after,
};
