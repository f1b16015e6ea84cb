/*
 * buildkit.c - BuildKit (buildkitd, and the builders of docker buildx): buildkitd.toml.
 *
 * The mirror of every registry is the same, since BuildKit says the registry's name in
 * ?ns=; how to speak to it stands in a table of its own.  BuildKit takes loopback for
 * plain HTTP unasked, so a mirror there that speaks TLS says so.
 */
#include <string.h>

#include "base/mem.h"
#include "clients/block.h"
#include "clients/client.h"
#include "clients/toml.h"

static const char *const registry_name[] = { "registry", NULL };

/* Nobody else's table or key may be about what our block is about. */
static int check(struct view text, const struct wish *w, struct err *e)
{
	struct toml t = { .text = text };
	struct toml_item item;
	int more;

	while ((more = toml_next(&t, &item, e)) == 1) {
		const char *host = toml_part(&item.name, 1);

		if (!toml_starts(&item.name, registry_name))
			continue;
		if (item.kind == TOML_ENTRY_TABLE ||
		    (item.kind == TOML_KEY && item.own >= item.name.n - 1))
			return err_set(
				e, ERR_INVALID,
				"line %u: what is under \"registry\" there is not in "
				"[registry.\"...\"] tables, and cannot be added to",
				item.line);
		if (item.name.n > 1 &&
		    (wish_has(w, view_of(host)) || strcmp(host, w->host) == 0))
			return err_set(
				e, ERR_INVALID,
				"line %u: there is a [registry.\"%s\"] already, not "
				"larder's; put the mirror into that one, or name the "
				"other registries with --registry",
				item.line, host);
	}
	return more;
}

static int write_lines(const struct wish *w, struct buf *lines)
{
	int rc = 0;

	for (size_t i = 0; i < w->n && rc == 0; i++)
		rc = buf_addf(lines, "[registry.\"%s\"]\n  mirrors = [\"%s\"]\n",
			      w->registry[i], w->host);
	if (rc == 0 && (!w->tls || w->loopback || w->ca != NULL))
		rc = buf_addf(lines, "[registry.\"%s\"]\n", w->host);
	if (rc == 0 && !w->tls)
		rc = buf_adds(lines, "  http = true\n");
	if (rc == 0 && w->tls && w->loopback)
		rc = buf_adds(lines, "  http = false\n");
	if (rc == 0 && w->ca != NULL)
		rc = buf_addf(lines, "  ca = [\"%s\"]\n", w->ca);
	return rc;
}

static int add(const struct client_text *t, const struct wish *w, struct buf *out,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf rest = BUF_INIT(CLIENT_MAX_BYTES), lines = BUF_INIT(CLIENT_MAX_BYTES),
		   block = BUF_INIT(CLIENT_MAX_BYTES);
	size_t found;

	if (block_strip(t->now, &rest, &found, e) != 0 ||
	    check(buf_view(&rest), w, e) != 0)
		return -1;
	if (write_lines(w, &lines) != 0 ||
	    block_wrap(&block, "buildkit", "", buf_view(&lines)) != 0)
		return client_too_large(e);
	return block_put(t->now, t->now.n, buf_view(&block), out, e);
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	int rc = buf_addf(out,
			  "buildkitd has to be restarted: systemctl %srestart buildkit.\n"
			  "A builder of docker buildx takes this file when it is made:\n"
			  "docker buildx create --use --buildkitd-config FILE\n",
			  place->user ? "--user " : "");

	if (rc == 0 && !undo && w->loopback)
		rc = buf_addf(
			out,
			"Inside a builder's container %s is that container: give the "
			"builder the host's\n"
			"network (--driver-opt network=host), or name larder's address "
			"with --mirror.\n",
			w->host);
	return rc;
}

const struct client buildkit_client = {
	.name = "buildkit",
	.title = "BuildKit",
	.path = "/etc/buildkit/buildkitd.toml",
	.user_path = "buildkit/buildkitd.toml",
	.comments = true,
	.add = add,
	.take = client_take_block,
	.after = after,
};
