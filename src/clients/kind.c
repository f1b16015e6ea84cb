/*
 * kind.c - kind: its nodes are containers with a containerd each, so that their files are
 * written through Docker.  What is printed is a shell script.
 */
#include "base/mem.h"
#include "clients/client.h"

#define DIRECTORY "/etc/containerd/certs.d"

/* One registry's file, in every node. */
static int put_file(const struct wish *w, const char *registry, struct buf *out)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = { .now = VIEW(""), .registry = registry };

	if (containerd_client.add(&t, w, &text, NULL) != 0)
		return -1;
	return buf_addf(out,
			"\tdocker exec -i \"$node\" sh -c 'mkdir -p " DIRECTORY
			"/%s && cat > " DIRECTORY "/%s/hosts.toml' <<'EOF'\n%sEOF\n",
			registry, registry, buf_str(&text));
}

static int print(const struct wish *w, struct buf *out)
{
	struct wish inside = *w;
	int rc;

	inside.ca = w->ca != NULL ? DIRECTORY "/larder-ca.crt" : NULL;
	rc = buf_adds(out, "#!/bin/sh\n"
			   "set -eu\n"
			   "\n"
			   "# A cluster whose nodes look into " DIRECTORY
			   " (since kind 0.27 they do so unasked).\n"
			   "cat > kind-larder.yaml <<'EOF'\n"
			   "kind: Cluster\n"
			   "apiVersion: kind.x-k8s.io/v1alpha4\n"
			   "containerdConfigPatches:\n"
			   "- |-\n"
			   "  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
			   "    config_path = \"" DIRECTORY "\"\n"
			   "EOF\n"
			   "kind create cluster --config kind-larder.yaml\n"
			   "\n"
			   "# The mirror, in every node; again after nodes have come. "
			   "Nothing is to be "
			   "restarted.\n"
			   "for node in $(kind get nodes); do\n");
	if (rc == 0 && w->ca != NULL)
		rc = buf_addf(out,
			      "\tdocker exec -i \"$node\" sh -c 'mkdir -p " DIRECTORY
			      " && cat > %s' < '%s'\n",
			      inside.ca, w->ca);
	for (size_t i = 0; i < w->n && rc == 0; i++)
		rc = put_file(&inside, w->registry[i], out);
	return rc != 0 ? -1 : buf_adds(out, "done\n");
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	if (!w->loopback)
		return 0;
	return buf_addf(out,
			"%s inside a node is that node: name with --mirror an address of "
			"larder that nodes can\n"
			"reach, as the gateway of Docker's network \"kind\" is.\n",
			w->host);
}

const struct client kind_client = {
	.name = "kind",
	.title = "kind",
	.print = print,
	.after = after,
};
