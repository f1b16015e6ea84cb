/*
 * check_clients.c - containerd and podman, where they are installed: do their files name
 * this larder as a mirror? What is written there is looked for, not understood: a comment
 * does not count, all else that names the address does.
 */
#include "doctor/checks.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "upstream/url.h"

#define FILE_MAX_BYTES 262144

struct search {
	const char *host; /* "127.0.0.1:5000" */
	bool found;
	char where[256]; /* the file that has it */
	const char *dir; /* that is gone through */
};

static bool has_program(const char *name)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/usr/sbin",
					    "/bin" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		CLEANUP(mem_freep)
		char *path = mem_fmt("%s/%s", dirs[i], name);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* host in a line that is no comment; what follows it does not make it another one. */
static bool names_host(const struct buf *text, const char *host)
{
	const char *line = buf_str(text), *end, *at;
	size_t n = strlen(host);

	for (; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
		end = strchrnul(line, '\n');
		line += strspn(line, " \t");
		if (*line == '#')
			continue;
		at = memmem(line, line < end ? (size_t)(end - line) : 0, host, n);
		if (at != NULL && (at[n] < '0' || at[n] > '9'))
			return true;
	}
	return false;
}

static void look_at(struct search *s, const char *dir, const char *name)
{
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/%s", dir, name);
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(FILE_MAX_BYTES);

	if (s->found || fs_read(AT_FDCWD, path, &text, NULL) != 0)
		return;
	s->found = names_host(&text, s->host);
	if (s->found)
		snprintf(s->where, sizeof(s->where), "%s", path);
}

static int look_into(void *arg, int dirfd, const char *name, struct err *e)
{
	struct search *s = arg;

	look_at(s, s->dir, name);
	return 0;
}

static void say(struct group *g, const char *client, const struct search *s,
		const char *file, bool optional)
{
	if (s->found) {
		finding_say(g, client, FINDING_OK, "%.250s names this larder", s->where);
		return;
	}
	finding_say(g, client, optional ? FINDING_SKIPPED : FINDING_WARN,
		    "%.250s does not name %.150s: %s pulls from registries directly",
		    file, s->host, client);
	if (!optional)
		finding_remedy(g, "sudo larder setup %s", client);
}

void check_clients(struct group *g)
{
	const char *etc = g->d->conf.etc;
	CLEANUP(mem_freep)
	char *hosts = mem_fmt("%s/containerd/certs.d/docker.io", etc);
	CLEANUP(mem_freep)
	char *conf = mem_fmt("%s/containers", etc);
	CLEANUP(mem_freep)
	char *drop_in = mem_fmt("%s/containers/registries.conf.d", etc);
	CLEANUP(mem_freep)
	char *file = mem_fmt("%s/hosts.toml", hosts);
	struct search s = { 0 };
	char host[300];
	struct url at;

	if (url_parse(g->d->conf.mirror, &at, NULL) != 0)
		return;
	snprintf(host, sizeof(host), "%s:%d", at.host, at.port);
	s.host = host;
	look_at(&s, hosts, "hosts.toml");
	if (s.found || has_program("containerd"))
		/* Docker brings a containerd of its own, whose settings nobody sets. */
		say(g, "containerd", &s, file, has_program("dockerd"));
	else
		finding_say(g, "containerd", FINDING_SKIPPED, "is not installed");
	s = (struct search){ .host = host, .dir = drop_in };
	fs_each(AT_FDCWD, drop_in, look_into, &s, NULL);
	if (!s.found)
		look_at(&s, conf, "registries.conf");
	if (s.found || has_program("podman"))
		say(g, "podman", &s, drop_in, false);
	else
		finding_say(g, "podman", FINDING_SKIPPED, "is not installed");
}
