/*
 * containerd.c - containerd, and with it Kubernetes, nerdctl and kind: a hosts.toml for
 * each registry.
 *
 * containerd asks the [host] tables from top to bottom, then `server`; the registry's
 * name goes along as ?ns=.  Without `server` the registry itself is the last (for
 * docker.io registry-1.docker.io), so none is added to a file of somebody else's.
 */
#include <string.h>

#include "base/mem.h"
#include "clients/block.h"
#include "clients/client.h"
#include "clients/toml.h"

#define LINES_MAX_BYTES (16u << 10) /* of ours, with the path of a certificate */

static const char *const host_table[] = { "host", NULL };

/* What is known of a file without our block. */
struct outline {
	bool has_any; /* a table or key */
	size_t first; /* where the first table begins, or the end */
	unsigned
		mirror_line; /* of a [host] table for the mirror that is not ours, or 0 */
	bool mirror_is_first; /* of all [host] tables */
};

/* Back over the comment that stands directly above. */
static size_t above_comment(struct view text, size_t at)
{
	while (at > 0) {
		size_t start = at - 1;

		while (start > 0 && text.p[start - 1] != '\n')
			start--;
		if (text.p[start] != '#')
			break;
		at = start;
	}
	return at;
}

static int look(struct view text, const struct wish *w, struct outline *out,
		struct err *e)
{
	struct toml t = { .text = text };
	struct toml_item item;
	bool has_host = false;
	int more;

	*out = (struct outline){ .first = text.n };
	while ((more = toml_next(&t, &item, e)) == 1) {
		if (item.kind == TOML_KEY && toml_starts(&item.name, host_table) &&
		    item.own == item.name.n)
			return err_set(
				e, ERR_INVALID,
				"line %u: \"host\" is no table of its own ([host."
				"\"...\"]) there, so that none can be put before it",
				item.line);
		if (item.kind != TOML_KEY && out->first == text.n)
			out->first = above_comment(text, item.start);
		if (item.kind == TOML_TABLE && toml_starts(&item.name, host_table) &&
		    item.name.n == 2) {
			if (strcmp(toml_part(&item.name, 1), w->url) == 0) {
				out->mirror_line = item.line;
				out->mirror_is_first = !has_host;
			}
			has_host = true;
		}
		out->has_any = true;
	}
	return more;
}

static int write_lines(const struct client_text *t, const struct wish *w, bool whole,
		       struct buf *lines)
{
	const char *host = strcmp(t->registry, "docker.io") == 0 ? "registry-1.docker.io"
								 : t->registry;

	if ((whole && buf_addf(lines, "server = \"https://%s\"\n\n", host) != 0) ||
	    buf_addf(lines, "[host.\"%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n",
		     w->url) != 0)
		return -1;
	return w->ca != NULL ? buf_addf(lines, "  ca = \"%s\"\n", w->ca) : 0;
}

static int add(const struct client_text *t, const struct wish *w, struct buf *out,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf rest = BUF_INIT(CLIENT_MAX_BYTES), lines = BUF_INIT(LINES_MAX_BYTES),
		   block = BUF_INIT(LINES_MAX_BYTES);
	struct outline o;
	size_t found;

	if (block_strip(t->now, &rest, &found, e) != 0 ||
	    look(buf_view(&rest), w, &o, e) != 0)
		return -1;
	if (o.mirror_line != 0 && found == 0 && o.mirror_is_first)
		return client_keep(t, out, e);
	if (o.mirror_line != 0)
		return err_set(e, ERR_INVALID,
			       "line %u has a [host] table for %s already, not larder's",
			       o.mirror_line, w->url);
	if (write_lines(t, w, !o.has_any, &lines) != 0 ||
	    block_wrap(&block, "containerd", "", buf_view(&lines)) != 0)
		return client_too_large(e);
	return block_put(t->now, o.first, buf_view(&block), out, e);
}

/* Of a list with colons. */
static bool has_directory(struct view list, const char *directory)
{
	while (list.n > 0) {
		const char *colon = memchr(list.p, ':', list.n);
		struct view one = { list.p,
				    colon != NULL ? (size_t)(colon - list.p) : list.n };

		list.p += one.n + (colon != NULL);
		list.n -= one.n + (colon != NULL);
		if (one.n > 1 && one.p[one.n - 1] == '/')
			one.n--;
		if (view_is(one, directory))
			return true;
	}
	return false;
}

/* Whether a config_path among the registry settings of Kubernetes' plugin has this
 * directory, and whether the older way is used, which excludes it. */
static void look_main(struct view text, const char *directory, bool *has_path,
		      bool *has_mirrors)
{
	struct toml t = { .text = text };
	struct toml_item item;

	*has_path = *has_mirrors = false;
	while (toml_next(&t, &item, NULL) == 1) {
		const struct toml_name *name = &item.name;
		struct view value;

		if (strcmp(toml_part(name, 0), "plugins") != 0 ||
		    strcmp(toml_part(name, 2), "registry") != 0)
			continue;
		if (item.kind == TOML_KEY && name->n == 4 &&
		    strcmp(toml_part(name, 3), "config_path") == 0 &&
		    toml_string(item.value, &value))
			*has_path |= has_directory(value, directory);
		*has_mirrors |= item.kind == TOML_TABLE && name->n > 4 &&
				strcmp(toml_part(name, 3), "mirrors") == 0;
	}
}

static int say_main(const struct client_place *place, struct buf *out)
{
	bool has_path, has_mirrors;
	int rc = 0;

	look_main(place->main_text, place->path, &has_path, &has_mirrors);
	if (has_path)
		return 0;
	rc = buf_addf(
		out,
		"For Kubernetes %s must have these lines, and containerd be restarted "
		"once:\n\n"
		"  # containerd 1.x\n"
		"  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
		"    config_path = \"%s\"\n"
		"  # containerd 2.x\n"
		"  [plugins.\"io.containerd.cri.v1.images\".registry]\n"
		"    config_path = \"%s\"\n\n",
		place->main_path, place->path, place->path);
	if (rc == 0 && has_mirrors)
		rc = buf_adds(
			out,
			"Its [...registry.mirrors] tables exclude config_path, so they "
			"have to go.\n");
	return rc;
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	if (!undo && say_main(place, out) != 0)
		return -1;
	return buf_addf(
		out,
		"containerd looks here at every pull; ctr does with --hosts-dir %s,\n"
		"nerdctl by itself.\n",
		place->path);
}

const struct client containerd_client = {
	.name = "containerd",
	.title = "containerd",
	.path = "/etc/containerd/certs.d",
	.user_path = "containerd/certs.d",
	.many = "hosts.toml",
	.main_path = "/etc/containerd/config.toml",
	.comments = true,
	.add = add,
	.take = client_take_block,
	.after = after,
};
