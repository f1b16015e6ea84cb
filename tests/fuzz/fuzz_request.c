/* server/request: which kind a path is, as sent and after libmicrohttpd's own decoding of
 * %xx. Name and reference are parts of the path that put it together again, and with
 * those that pass their grammars a path in the store stays where it belongs. And
 * server/agent: what a User-Agent says of the platform. */
#include "fuzz.h"

#include <microhttpd.h>

#include "oci/reference.h"
#include "server/agent.h"
#include "server/request.h"
#include "store/layout.h"

static const char *between(enum request_kind k)
{
	switch (k) {
	case REQUEST_MANIFEST:
		return "/manifests/";
	case REQUEST_BLOB:
		return "/blobs/";
	case REQUEST_REFERRERS:
		return "/referrers/";
	case REQUEST_TAGS:
		return "/tags/list";
	case REQUEST_UPLOAD:
		return "/blobs/uploads";
	default:
		return NULL;
	}
}

static void check_stored(struct view name_text, struct view ref_text)
{
	struct reponame name;
	struct reference ref;
	layout_path path;
	const char *rest;

	if (reponame_parse(name_text, &name, NULL) != 0 ||
	    reference_parse(ref_text, &ref, NULL) != 0)
		return;
	if (ref.is_digest)
		layout_revision(path, &name, &ref.digest);
	else
		layout_tag(path, &name, ref.tag);
	CHECK(strncmp(path, LAYOUT_REPOSITORIES "/", strlen(LAYOUT_REPOSITORIES) + 1) ==
	      0);
	rest = path + strlen(LAYOUT_REPOSITORIES) + 1;
	CHECK(strncmp(rest, name.s, strlen(name.s)) == 0);
	CHECK(strncmp(rest + strlen(name.s), "/_manifests/", 12) == 0);
	CHECK(strstr(path, "/.") == NULL && strstr(path, "//") == NULL);
}

static void check_path(const char *path)
{
	struct view name, ref;
	enum request_kind k = request_classify(path, &name, &ref);
	const char *mid = between(k);
	size_t n;

	CHECK((unsigned)k < REQUEST_KINDS && request_word(k) != NULL);
	if (mid == NULL) {
		CHECK(name.n == 0 && ref.n == 0);
		return;
	}
	CHECK(strncmp(path, "/v2/", 4) == 0 && name.p == path + 4 && name.n > 0);
	n = strlen(mid);
	CHECK(strncmp(name.p + name.n, mid, n) == 0);
	if (ref.n > 0) {
		CHECK(ref.p + ref.n == path + strlen(path));
		CHECK(memchr(ref.p, '/', ref.n) == NULL);
		CHECK(ref.p == name.p + name.n + n + (k == REQUEST_UPLOAD));
	}
	if (k == REQUEST_MANIFEST)
		check_stored(name, ref);
}

/* What it finds is the name of a platform. */
static void check_agent(const uint8_t *data, size_t size)
{
	struct view agent = { malloc(size), size };
	struct platform p, again;
	char text[100];

	memcpy((char *)agent.p, data, size);
	if (agent_platform(agent, &p)) {
		platform_text(&p, text);
		CHECK(platform_parse(view_of(text), &again, NULL) == 0);
		CHECK(strcmp(again.os, p.os) == 0 && strcmp(again.arch, p.arch) == 0);
		CHECK(p.variant[0] == '\0');
	} else {
		CHECK(p.os[0] == '\0' && p.arch[0] == '\0' && p.variant[0] == '\0');
	}
	free((char *)agent.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1);

	check_agent(data, size);

	memcpy(path, data, size);
	path[size] = '\0';
	check_path(path);
	MHD_http_unescape(path);
	check_path(path);
	free(path);
	return 0;
}
