/*
 * podman.c - Podman, Buildah, Skopeo and CRI-O: a drop-in of registries.conf.
 *
 * A mirror's location takes the place of the registry's name, hence mirror/docker.io.  Of
 * two [[registry]] tables with one prefix, in whichever files, the one read last replaces
 * the other as a whole; so a second one is refused, not written.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "clients/block.h"
#include "clients/client.h"
#include "clients/toml.h"

static const char *const registry_name[] = { "registry", NULL };

/* A [[registry]] table as it is read. */
struct entry {
	unsigned line;
	struct view prefix, location;
};

static int check(const struct entry *r, const struct wish *w, struct err *e)
{
	struct view name = r->prefix.n > 0 ? r->prefix : r->location;

	if (r->line == 0 || !wish_has(w, name))
		return 0;
	return err_set(
		e, ERR_INVALID,
		"line %u: there is a [[registry]] for %.*s already, and of two only "
		"one counts; put a [[registry.mirror]] into that one, or name the "
		"others with --registry",
		r->line, (int)name.n, name.p);
}

/* Every [[registry]] outside of our block. */
static int clash(struct view text, const struct wish *w, struct err *e)
{
	CLEANUP(buf_done)
	struct buf rest = BUF_INIT(CLIENT_MAX_BYTES);
	struct toml t = { 0 };
	struct toml_item item;
	struct entry r = { 0 };
	size_t found;
	int more;

	if (block_strip(text, &rest, &found, e) != 0)
		return -1;
	t.text = buf_view(&rest);
	while ((more = toml_next(&t, &item, e)) == 1) {
		bool in_registry = toml_starts(&item.name, registry_name);

		if (item.kind == TOML_ENTRY_TABLE && in_registry && item.name.n == 1) {
			if (check(&r, w, e) != 0)
				return -1;
			r = (struct entry){ .line = item.line };
		} else if (item.kind == TOML_KEY && in_registry && item.name.n == 1) {
			return err_set(
				e, ERR_INVALID,
				"line %u: \"registry\" is a list there, to which no "
				"[[registry]] can be added",
				item.line);
		} else if (item.kind == TOML_KEY && in_registry && item.name.n == 2) {
			const char *key = toml_part(&item.name, 1);

			if (strcmp(key, "prefix") == 0)
				toml_string(item.value, &r.prefix);
			else if (strcmp(key, "location") == 0)
				toml_string(item.value, &r.location);
		}
	}
	return more != 0 ? -1 : check(&r, w, e);
}

static int write_lines(const struct wish *w, struct buf *lines)
{
	int rc = 0;

	for (size_t i = 0; i < w->n && rc == 0; i++)
		rc = buf_addf(lines,
			      "%s[[registry]]\n"
			      "location = \"%s\"\n"
			      "[[registry.mirror]]\n"
			      "location = \"%s/%s\"\n"
			      "%s",
			      i > 0 ? "\n" : "", w->registry[i], w->host, w->registry[i],
			      w->tls ? "" : "insecure = true\n");
	return rc;
}

static int add(const struct client_text *t, const struct wish *w, struct buf *out,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf lines = BUF_INIT(CLIENT_MAX_BYTES), block = BUF_INIT(CLIENT_MAX_BYTES);

	if (clash(t->now, w, e) != 0)
		return -1;
	if (write_lines(w, &lines) != 0 ||
	    block_wrap(&block, "podman", "", buf_view(&lines)) != 0)
		return client_too_large(e);
	return block_put(t->now, t->now.n, buf_view(&block), out, e);
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	const char *where = place->user ? "~/.config/containers" : "/etc/containers";
	int rc = buf_adds(out, "Podman, Buildah and Skopeo read this at the next pull; "
			       "CRI-O when it is told:\n"
			       "systemctl reload crio\n");

	if (rc == 0 && !undo && w->ca != NULL)
		rc = buf_addf(out,
			      "They have a place of their own for authorities:\n"
			      "mkdir -p %s/certs.d/%s && cp %s %s/certs.d/%s/ca.crt\n",
			      where, w->host, w->ca, where, w->host);
	return rc;
}

const struct client podman_client = {
	.name = "podman",
	.title = "Podman, Buildah, Skopeo and CRI-O",
	.path = "/etc/containers/registries.conf.d/50-larder.conf",
	.user_path = "containers/registries.conf.d/50-larder.conf",
	.comments = true,
	.add = add,
	.take = client_take_block,
	.clash = clash,
	.after = after,
};
