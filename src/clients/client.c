/*
 * client.c - the list of clients.
 */
#include "clients/client.h"

#include <string.h>

#include "base/mem.h"
#include "clients/block.h"

static const struct client *const all[] = {
	&docker_client, &containerd_client, &podman_client, &buildkit_client,
	&kaniko_client, &k3s_client,	    &kind_client,
};

const char *const client_registries[CLIENT_REGISTRIES] = {
	"docker.io",	  "ghcr.io",	     "quay.io",
	"gcr.io",	  "registry.k8s.io", "mcr.microsoft.com",
	"public.ecr.aws", "lscr.io",	     "registry.gitlab.com",
};

const struct client *client_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

const struct client *client_nth(size_t i)
{
	return i < ARRAY_LEN(all) ? all[i] : NULL;
}

int client_too_large(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the text would be larger than %u bytes",
		       CLIENT_MAX_BYTES);
}

int client_keep(const struct client_text *t, struct buf *out, struct err *e)
{
	return buf_add(out, t->now.p, t->now.n) == 0 ? 0 : client_too_large(e);
}

bool client_is_blank(struct view text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0' || strchr(" \t\r\n", text.p[i]) == NULL)
			return false;
	return true;
}

int client_take_block(const struct client_text *t, const struct wish *w, struct buf *out,
		      struct err *e)
{
	size_t found;

	if (block_strip(t->now, out, &found, e) != 0)
		return -1;
	if (found > 0 && client_is_blank(buf_view(out)))
		buf_clear(out);
	return 0;
}
