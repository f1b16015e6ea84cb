/* Trees: which files are looked at, what links do, how files refer to others, limits. */
#include "unit.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "discover/discover.h"
#include "discover/kind.h"
#include "discover/paths.h"
#include "tmpdir.h"

static void put(const struct tmpdir *t, const char *path, const char *text)
{
	struct err e;

	assert_int_equal(fs_put(t->fd, path, NULL, text, strlen(text), FS_REPLACE, &e),
			 0);
}

/* "FILE:LINE IMAGE|? WHY" of below, without the directory's own path. */
static void finds(const struct tmpdir *t, const char *below, const char *arg,
		  const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1u << 20);
	CLEANUP(mem_freep)
	char *path = mem_fmt("%s/%s", t->path, below);
	char *paths[] = { path };
	struct discover d = {
		.path = paths, .npaths = 1, .build_arg = &arg, .nbuild_args = arg != NULL
	};
	CLEANUP(finds_done)
	struct finds l = { 0 };
	struct err e = { 0 };
	size_t i;

	assert_int_equal(discover_paths(&d, &l, &e), 0);
	for (i = 0; i < l.n; i++)
		buf_addf(&out, "%s:%u %s%s\n", l.v[i]->file + strlen(t->path) + 1,
			 l.v[i]->line, l.v[i]->image[0] != '\0' ? l.v[i]->image : "? ",
			 l.v[i]->why);
	assert_string_equal(buf_str(&out), want);
}

static void names(void **state)
{
	static const struct {
		const char *path;
		enum kind kind;
	} rows[] = {
		{ "Dockerfile", KIND_DOCKERFILE },
		{ "a/Containerfile", KIND_DOCKERFILE },
		{ "web.Dockerfile", KIND_DOCKERFILE },
		{ "web.dockerfile", KIND_DOCKERFILE },
		{ "Dockerfile.web", KIND_DOCKERFILE },
		{ "Dockerfile-web", KIND_DOCKERFILE },
		{ "Dockerfile.dockerignore", KIND_NONE },
		{ "Dockerfile.md", KIND_NONE },
		{ "dockerfile.go", KIND_NONE },
		{ "NotADockerfile.rb", KIND_NONE },
		{ "compose.yaml", KIND_COMPOSE },
		{ "docker-compose.prod.yml", KIND_COMPOSE },
		{ "compose.js", KIND_NONE },
		{ ".github/workflows/ci.yml", KIND_WORKFLOW },
		{ "x/.github/workflows/ci.yaml", KIND_WORKFLOW },
		{ ".github/workflows/x/ci.yaml", KIND_YAML },
		{ ".github/actions/x/action.yml", KIND_ACTION },
		{ ".gitlab-ci.yml", KIND_GITLAB },
		{ "ci/build.gitlab-ci.yml", KIND_GITLAB },
		{ ".gitlab/ci/build.yml", KIND_GITLAB },
		{ ".devcontainer/devcontainer.json", KIND_DEVCONTAINER },
		{ ".devcontainer.json", KIND_DEVCONTAINER },
		{ "package.json", KIND_JSON },
		{ "kustomization.yaml", KIND_KUSTOMIZE },
		{ "skaffold.yaml", KIND_SKAFFOLD },
		{ "Chart.yaml", KIND_CHART },
		{ "deploy.yml", KIND_YAML },
		{ "base-images.txt", KIND_LIST },
		{ "images.txt", KIND_LIST },
		{ "readme.txt", KIND_NONE },
		{ "main.c", KIND_NONE },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (kind_of(rows[i].path) != rows[i].kind)
			fail_msg("%s: %d", rows[i].path, kind_of(rows[i].path));
	assert_int_equal(kind_given("x.txt"), KIND_LIST);
	assert_int_equal(kind_given("prod.build"), KIND_DOCKERFILE);
	assert_int_equal(kind_in_chart("templates/x.yaml"), KIND_TEMPLATE);
	assert_int_equal(kind_in_chart("templates/_x.tpl"), KIND_TEMPLATE);
	assert_int_equal(kind_in_chart("values-prod.yaml"), KIND_VALUES);
	assert_int_equal(kind_in_chart("crds/x.yaml"), KIND_NONE);
}

static void joins(void **state)
{
	static const struct {
		const char *dir, *path, *want;
	} rows[] = {
		{ "a/b", "../c", "a/c" },    { "a", "../../c", "../c" },
		{ "", "./x//y/.", "x/y" },   { NULL, ".", "" },
		{ "a", "/b/../c", "/c" },    { "/", "../../x", "/x" },
		{ "../a", "..", ".." },	     { "..", "../x", "../../x" },
		{ "/a", "b/../../..", "/" }, { "a/..", "b", "b" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(mem_freep)
		char *got = paths_join(rows[i].dir, rows[i].path);

		assert_string_equal(got, rows[i].want);
	}
	assert_true(paths_within("", "a"));
	assert_false(paths_within("", "../a"));
	assert_false(paths_within("", "/a"));
	assert_true(paths_within("", "..a"));
	assert_true(paths_within("a", "a/b"));
	assert_false(paths_within("a", "ab"));
	assert_true(paths_within("/", "/a"));
}

static void folders_and_links(void **state)
{
	const struct tmpdir *t = *state;

	put(t, "x/Dockerfile", "FROM a\n");
	put(t, "x/.hidden/Dockerfile", "FROM hidden\n");
	put(t, "x/node_modules/y/Dockerfile", "FROM no\n");
	put(t, "x/vendor/Dockerfile", "FROM vendored\n");
	put(t, "x/.git/Dockerfile", "FROM no\n");
	put(t, "x/plain", "FROM linked\n");
	put(t, "outside/Dockerfile", "FROM outside\n");
	put(t, "outside/file", "FROM outside\n");
	assert_int_equal(symlinkat("plain", t->fd, "x/link.Dockerfile"), 0);
	assert_int_equal(symlinkat("Dockerfile", t->fd, "x/same.Dockerfile"), 0);
	assert_int_equal(symlinkat("../outside/file", t->fd, "x/out.Dockerfile"), 0);
	assert_int_equal(symlinkat("../outside", t->fd, "x/folder"), 0);
	assert_int_equal(symlinkat("..", t->fd, "x/up"), 0);
	assert_int_equal(symlinkat("nowhere", t->fd, "x/bad.Dockerfile"), 0);
	assert_int_equal(mkfifoat(t->fd, "x/fifo.Dockerfile", 0600), 0);
	finds(t, "x", NULL,
	      "x/.hidden/Dockerfile:1 hidden\nx/Dockerfile:1 a\nx/link.Dockerfile:1 "
	      "linked\n");
	/* What is given is looked into. */
	finds(t, "x/vendor", NULL, "x/vendor/Dockerfile:1 vendored\n");
	finds(t, "x/plain", NULL, "x/plain:1 linked\n");
	finds(t, "x/./../x//Dockerfile", NULL, "x/Dockerfile:1 a\n");
}

static void builds(void **state)
{
	const struct tmpdir *t = *state;

	put(t, "b/app/Dockerfile",
	    "ARG BASE\nARG V=1\nFROM ${BASE}\nFROM v:$V\nFROM ctx\n");
	put(t, "b/app/other.build", "ARG BASE=d\nFROM $BASE\n");
	put(t, "b/compose.yaml",
	    "services:\n"
	    "  a: {build: {context: app, args: {BASE: 'x:${TAG}', V: 2},\n"
	    "      additional_contexts: {ctx: ./elsewhere}}}\n"
	    "  b: {build: {context: ./app, dockerfile: other.build}, image: 'made:1'}\n"
	    "  c: {image: 'made:1'}\n"
	    "  d: {build: gone}\n"
	    "  e: {build: ../../outside}\n"
	    "include: [parts/more.part]\n");
	put(t, "b/.env", "TAG=9\n");
	put(t, "b/parts/more.part", "services: {f: {image: 'f:1'}}\n");
	put(t, "b/k8s.yaml",
	    "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'made:1'}]}\n");
	finds(t, "b", NULL,
	      "b/app/Dockerfile:3 x:9\n"
	      "b/app/Dockerfile:4 v:1\n"
	      "b/app/Dockerfile:4 v:2\n"
	      "b/app/other.build:2 d\n"
	      "b/compose.yaml:6 ? the Dockerfile that it builds from is not here\n"
	      "b/compose.yaml:7 ? the Dockerfile that it builds from is not here\n"
	      "b/parts/more.part:1 f:1\n");
	/* What is given on the command line wins. */
	finds(t, "b/app/Dockerfile", "BASE=given",
	      "b/app/Dockerfile:3 given\n"
	      "b/app/Dockerfile:4 v:1\n"
	      "b/app/Dockerfile:5 ctx\n");
}

static void gitlab_includes(void **state)
{
	const struct tmpdir *t = *state;

	put(t, "g/.gitlab-ci.yml",
	    "include:\n  - local: /ci/jobs.yml\n  - {project: x, file: /y.yml}\n"
	    "  - local: /../outside.yml\n"
	    "variables: {V: '3'}\nb: {extends: .t}\n");
	put(t, "g/ci/jobs.yml",
	    "include: '/.gitlab-ci.yml'\n.t: {image: 'a:$V'}\nc: {image: 'c:$W'}\n"
	    "variables: {W: 1}\n");
	put(t, "outside.yml", "d: {image: 'no:1'}\n");
	finds(t, "g", NULL, "g/ci/jobs.yml:2 a:3\ng/ci/jobs.yml:3 c:1\n");
}

static void charts(void **state)
{
	const struct tmpdir *t = *state;

	put(t, "h/Chart.yaml", "name: x\nappVersion: \"7\"\n");
	put(t, "h/values.yaml", "image: {repository: a, tag: ''}\n");
	put(t, "h/values-prod.yaml", "image:\n  tag: 8\n");
	put(t, "h/templates/d.yaml",
	    "kind: x\n  image: \"{{ .Values.image.repository }}:{{ .Values.image.tag "
	    "}}\"\n"
	    "  image: lit:1\n");
	put(t, "h/templates/_h.tpl", "{{- define \"x\" -}}\nimage: \"tpl:1\"\n");
	put(t, "h/charts/sub/Chart.yaml", "appVersion: 2\n");
	put(t, "h/charts/sub/values.yaml", "image: {repository: sub, tag: }\n");
	put(t, "h/crds/p.yaml",
	    "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'p:1'}]}\n");
	put(t, "h/values.schema.json", "{}");
	finds(t, "h", NULL,
	      "h/charts/sub/values.yaml:1 sub:2\n"
	      "h/crds/p.yaml:3 p:1\n"
	      "h/templates/_h.tpl:2 tpl:1\n"
	      "h/templates/d.yaml:3 lit:1\n"
	      "h/values-prod.yaml:2 a:8\n"
	      "h/values.yaml:1 a:7\n");
}

static void bad_files(void **state)
{
	const struct tmpdir *t = *state;
	char *big = unit_repeat('#', DISCOVER_MAX_FILE);

	put(t, "u/a.yaml", "a: [\n");
	put(t, "u/b.yaml", "image: [\n");
	put(t, "u/c.yaml",
	    "a: 1\n---\nb: [\n---\napiVersion: v1\nkind: Pod\n"
	    "spec: {containers: [{image: 'p:1'}]}\n");
	put(t, "u/compose.yaml", "services: *x\n");
	put(t, "u/d.json", "{\"apiVersion\": \"v1\", \"image\": [}");
	put(t, "u/e.json", "{");
	put(t, "u/Dockerfile", big);
	finds(t, "u", NULL,
	      "u/b.yaml:0 ? not read: line 2: did not find expected node content "
	      "(column 1)\n"
	      "u/c.yaml:0 ? not read: line 4: did not find expected node content "
	      "(column 1)\n"
	      "u/c.yaml:7 p:1\n"
	      "u/compose.yaml:0 ? not read: line 1: *x stands for nothing\n"
	      "u/d.json:0 ? not read: line 1: did not find expected node content "
	      "(column 32)\n");
	assert_int_equal(fs_put(t->fd, "u/Dockerfile", NULL, big, DISCOVER_MAX_FILE,
				FS_REPLACE, NULL),
			 0);
	test_free(big);
	big = unit_repeat('#', DISCOVER_MAX_FILE + 1);
	put(t, "w/Dockerfile", big);
	finds(t, "w", NULL, "w/Dockerfile:0 ? larger than 4194304 bytes\n");
	test_free(big);
	assert_int_equal(
		fs_put(t->fd, "x/Dockerfile", NULL, "FROM a\0b\n", 9, FS_REPLACE, NULL),
		0);
	finds(t, "x", NULL, "x/Dockerfile:0 ? it is no text: there is a NUL in it\n");
}

static void deep(void **state)
{
	const struct tmpdir *t = *state;
	CLEANUP(buf_done)
	struct buf path = BUF_INIT(4096);
	int i;

	buf_adds(&path, "d");
	for (i = 0; i < DISCOVER_MAX_DEPTH; i++)
		buf_adds(&path, "/d");
	buf_adds(&path, "/Dockerfile");
	put(t, buf_str(&path), "FROM a\n");
	buf_clear(&path);
	buf_adds(&path, "e");
	for (i = 0; i < DISCOVER_MAX_DEPTH + 1; i++)
		buf_adds(&path, "/e");
	buf_adds(&path, "/Dockerfile");
	put(t, buf_str(&path), "FROM a\n");
	{
		char *paths[] = { (char[96]){ 0 } };
		struct discover d = { .path = paths, .npaths = 1 };
		CLEANUP(finds_done)
		struct finds l = { 0 };
		struct err e;

		snprintf(paths[0], 96, "%s/d", t->path);
		assert_int_equal(discover_paths(&d, &l, &e), 0);
		assert_int_equal(l.n, 1);
		assert_string_equal(l.v[0]->image, "a");
		finds_done(&l);
		snprintf(paths[0], 96, "%s/e", t->path);
		assert_int_equal(discover_paths(&d, &l, &e), 0);
		assert_int_equal(l.n, 1);
		assert_string_equal(l.v[0]->why, "more than 64 folders within folders");
		finds_done(&l);
		snprintf(paths[0], 96, "%s/none", t->path);
		assert_err(discover_paths(&d, &l, &e), e, ERR_NOT_FOUND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(joins),
		cmocka_unit_test_setup_teardown(folders_and_links, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(builds, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(gitlab_includes, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(charts, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(bad_files, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(deep, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests_name("discover/discover", tests, NULL, NULL);
}
