/* Files of CI systems and tools about builds, a reader each: what they name, what they do
 * not, and why not. */
#include "discover_try.h"

#include "discover/devcontainer.h"
#include "discover/github.h"
#include "discover/gitlab.h"
#include "discover/helm.h"
#include "discover/imagelines.h"
#include "discover/jsonc.h"
#include "discover/skaffold.h"

static void github(void **state)
{
	discover_try_yaml(
		FIND_GITHUB, github_workflow,
		"on:\n"
		"  workflow_call:\n"
		"    inputs:\n"
		"      img: {default: 'in:1'}\n"
		"      open: {type: string}\n"
		"jobs:\n"
		"  a:\n"
		"    container: node:20\n"
		"    services:\n"
		"      db: {image: 'postgres:17'}\n"
		"      off: {image: ''}\n"
		"    steps:\n"
		"      - uses: docker://alpine:3.19\n"
		"      - uses: actions/checkout@v4\n"
		"      - uses: ./.github/actions/x\n"
		"  b:\n"
		"    strategy:\n"
		"      matrix:\n"
		"        py: ['3.11', '3.12']\n"
		"        os: [slim, alpine]\n"
		"        exclude: [{py: '3.12', os: alpine}]\n"
		"        include: [{py: '3.13', os: slim}, {py: '3.11', extra: x}]\n"
		"    container:\n"
		"      image: python:${{ matrix.py }}-${{matrix.os}}\n"
		"  c:\n"
		"    container: ${{ inputs.img }}\n"
		"    services:\n"
		"      s: {image: \"${{ inputs.open || 'x:1' }}\"}\n"
		"      t: {image: \"${{ vars.T }}\"}\n"
		"  d:\n"
		"    strategy: {matrix: {c: [{image: 'm:1'}, {image: 'm:2'}, {image: "
		"''}]}}\n"
		"    container: ${{ matrix.c.image }}\n"
		"  e:\n"
		"    strategy: {matrix: '${{ fromJSON(x) }}'}\n"
		"    container: ${{ matrix.image }}\n"
		"  f:\n"
		"    uses: x/y/.github/workflows/z.yml@v1\n",
		"8 jobs.a.container node:20\n"
		"10 jobs.a.services.db postgres:17\n"
		"13 jobs.a.steps.uses alpine:3.19\n"
		"24 jobs.b.container python:3.11-slim\n"
		"24 jobs.b.container python:3.11-alpine\n"
		"24 jobs.b.container python:3.12-slim\n"
		"24 jobs.b.container python:3.13-slim\n"
		"26 jobs.c.container in:1\n"
		"28 jobs.c.services.s ? ${{ inputs.open || 'x:1' }}: ${{ inputs.open || "
		"'x:1' }} has no value here\n"
		"29 jobs.c.services.t ? ${{ vars.T }}: ${{ vars.T }} has no value here\n"
		"32 jobs.d.container m:1\n"
		"32 jobs.d.container m:2\n"
		"35 jobs.e.container ? ${{ matrix.image }}: ${{ matrix.image }} has no "
		"value "
		"here\n");
	discover_try_yaml(FIND_GITHUB, github_action,
			  "name: x\nruns:\n  using: docker\n  image: docker://x/y:1\n",
			  "4 runs.image x/y:1\n");
	discover_try_yaml(
		FIND_GITHUB, github_action,
		"runs:\n  using: composite\n  steps: [{uses: 'docker://z:1'}]\n",
		"3 runs.steps.uses z:1\n");
}

static void gitlab_one(const char *text, const char *want)
{
	struct yaml_reader reader = { .text = view_of(text) };
	struct reading_doc docs[4] = { 0 };
	struct discover_try t;
	size_t n = 0;

	discover_try_begin(&t, FIND_GITLAB, text);
	while (n < 4 && yaml_next(&reader, &docs[n].doc, &t.e) > 0) {
		docs[n].file = "f";
		if (n > 0)
			docs[n - 1].next = &docs[n];
		n++;
	}
	gitlab_read(&t.r, docs);
	while (n > 0)
		yaml_free(docs[--n].doc);
	discover_try_end(&t, want);
}

static void gitlab(void **state)
{
	gitlab_one(
		"image: ruby:3.3\n"
		"services: [mysql:8, {name: 'redis:7', alias: r}]\n"
		"variables:\n"
		"  PY: '3.11'\n"
		"  FULL: python:$PY\n"
		"  DESCRIBED: {value: d, description: x}\n"
		"  UNKNOWN: $CI_REGISTRY/x\n"
		".tpl:\n"
		"  image: node:${NODE}\n"
		".over: {image: 'over:1'}\n"
		"a: {extends: .tpl, variables: {NODE: 20}}\n"
		"b: {extends: [.over, .tpl], variables: {NODE: 22}}\n"
		"c: {image: {name: $FULL-slim, entrypoint: ['']}}\n"
		"d: {image: $DESCRIBED, services: ['$NONE']}\n"
		"e:\n"
		"  image: m:$V\n"
		"  parallel: {matrix: [{V: [1, 2]}, {V: 3, W: [x, y]}]}\n"
		"f: {image: !reference [c, image]}\n"
		"g: {image: $CI_REGISTRY_IMAGE/x, services: []}\n"
		"h: {image: $UNKNOWN}\n"
		"i: &anchor {image: 'anchored:1'}\n"
		"j: {<<: *anchor, script: [x]}\n"
		"k: {script: [true]}\n"
		"default: {image: 'never:1'}\n"
		"stages: {image: 'no:1'}\n"
		".alone: {image: 'alone:$PY'}\n",
		"1 image ruby:3.3\n"
		"2 services mysql:8\n"
		"2 services redis:7\n"
		"9 .tpl.image node:20\n"
		"9 .tpl.image node:22\n"

		"13 c.image python:3.11-slim\n"
		"14 d.image d\n"
		"14 d.services ? $NONE: NONE has no value\n"
		"16 e.image m:1\n"
		"16 e.image m:2\n"
		"16 e.image m:3\n"
		"19 g.image ? $CI_REGISTRY_IMAGE/x: CI_REGISTRY_IMAGE has no value\n"
		"20 h.image ? $UNKNOWN: it has a placeholder that another program fills "
		"in\n"
		"21 i.image anchored:1\n"
		"21 j.image anchored:1\n"
		"24 default.image never:1\n"
		"26 .alone.image alone:3.11\n");
}

static void gitlab_inputs(void **state)
{
	gitlab_one(
		"spec:\n  inputs:\n    v: {default: '3.19'}\n    w:\n---\n"
		"a: {image: 'alpine:$[[ inputs.v ]]'}\n"
		"b: {image: 'alpine:$[[ inputs.w ]]'}\n",
		"6 a.image alpine:3.19\n"
		"7 b.image ? alpine:$[[ inputs.w ]]: it has a placeholder that another "
		"program fills in\n");
}

static void devcontainer(void **state)
{
	static const char text[] =
		"// a comment with \"image\": \"x\"\n"
		"{\n"
		"\t/* more\n\t*/ \"name\": \"http://x // no comment \\ud83d\\ude00\",\n"
		"\t\"image\": "
		"\"mcr.microsoft.com/devcontainers/${localEnv:WHAT:base}:1\", // c\n"
		"\t\"features\": {\"ghcr.io/x/y:1\": {}},\n"
		"}\n";
	char copy[sizeof(text)];

	memcpy(copy, text, sizeof(text));
	jsonc_blank(copy, strlen(copy));
	assert_int_equal(strlen(copy), strlen(text));
	discover_try_yaml(FIND_DEVCONTAINER, devcontainer_read, copy,
			  "5 image mcr.microsoft.com/devcontainers/base:1\n");
	discover_try_yaml(FIND_DEVCONTAINER, devcontainer_read,
			  "{\"image\": \"${localEnv:FROM_OUTSIDE}:1\"}",
			  "1 image outside:1\n");
	discover_try_yaml(FIND_DEVCONTAINER, devcontainer_read,
			  "{\"image\":\"x:${localEnv:NONE}\"}",
			  "1 image ? x:${localEnv:NONE}: NONE has no value\n");
	discover_try_yaml(FIND_DEVCONTAINER, devcontainer_read,
			  "{\"image\": \"x\", \"build\": {\"dockerfile\": \"D\"}}", "");
}

static void skaffold(void **state)
{
	discover_try_yaml(
		FIND_SKAFFOLD, skaffold_read,
		"apiVersion: skaffold/v4beta11\n"
		"kind: Config\n"
		"build:\n"
		"  artifacts:\n"
		"    - image: app\n"
		"      docker: {dockerfile: D, buildArgs: {A: '1', B: '{{.B}}'}}\n"
		"    - image: k\n"
		"      kaniko: {image: 'gcr.io/kaniko-project/executor:v1'}\n"
		"    - image: b\n"
		"      buildpacks: {builder: 'heroku/builder:24', runImage: 'r:1'}\n"
		"    - image: j\n"
		"      jib: {fromImage: 'eclipse-temurin:21'}\n"
		"verify:\n"
		"  - container: {image: 'v:1'}\n"
		"profiles:\n"
		"  - build: {artifacts: [{image: p, ko: {fromImage: 'd:1'}}]}\n",
		"8 build.artifacts.kaniko.image gcr.io/kaniko-project/executor:v1\n"
		"10 build.artifacts.buildpacks.builder heroku/builder:24\n"
		"10 build.artifacts.buildpacks.runImage r:1\n"
		"12 build.artifacts.jib.fromImage eclipse-temurin:21\n"
		"14 verify.container.image v:1\n"
		"16 build.artifacts.ko.fromImage d:1\n");
}

/* values.yaml, then a template. */
static void helm_one(const char *chart, const char *values, const char *template,
		     const char *want)
{
	struct yaml_reader c = { .text = view_of(chart) },
			   v = { .text = view_of(values) };
	struct helm h = { 0 };
	struct yaml *about = NULL, *doc = NULL;
	struct discover_try t;

	h.template = test_malloc(sizeof(*h.template));
	h.template[0].file = "t";
	h.template[0].text = view_of(template);
	h.templates = 1;
	discover_try_begin(&t, FIND_HELM, values);
	yaml_next(&c, &about, &t.e);
	yaml_next(&v, &doc, &t.e);
	h.chart = about;
	h.values = doc;
	helm_template_tags(&h);
	if (doc != NULL)
		helm_values(&h, &t.r, doc);
	discover_try_places(&t);
	t.r.file = "t";
	t.r.text = view_of(template);
	helm_template(&h, &t.r);
	t.r.file = "f";
	helm_end(&h, &t.r);
	t.r.text = (struct view){ "", 0 };
	for (size_t i = 0; i < t.finds.n; i++)
		t.finds.v[i]->len = 0;
	helm_done(&h);
	yaml_free(about);
	yaml_free(doc);
	test_free(h.template);
	discover_try_end(&t, want);
}

static void helm(void **state)
{
	helm_one("appVersion: 1.2.3\n",
		 "image:\n"
		 "  repository: nginx\n"
		 "  tag: \"\"\n"
		 "sidecar:\n"
		 "  image: {registry: quay.io, repository: a/b, tag: v1, digest: ''}\n"
		 "busy: {image: 'busybox:1.36'}\n"
		 "testImage: curl:8\n"
		 "logoImage: logo.png\n"
		 "git: {repository: org/repo, branch: x}\n"
		 "helm: {repository: 'https://x/y', tag: 1}\n"
		 "old: {image: old/x, imageTag: '2'}\n"
		 "notag: {image: {repository: c, pullPolicy: Always}}\n"
		 "job: {image: {repository: d, tag: ''}}\n"
		 "list: [{image: {repository: e, tag: 5}}]\n"
		 "hasImage: true\n"
		 "named: {name: f, tag: '6'}\n",
		 "      image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | "
		 "default .Chart.AppVersion }}\"\n"
		 "      image: {{ .Values.job.image.repository }}:{{ "
		 ".Values.job.image.tag | "
		 "default (printf \"v%s\" .Chart.AppVersion) }}\n"
		 "      image: literal:1 # x\n"
		 "      - image: \"{{ .Values.busy.image }}\"\n"
		 "      image: {{ printf \"%s-%s\" .Values.old.image \"x\" | quote }}\n"
		 "      image: {{ include \"x.image\" (dict \"imageRoot\" "
		 ".Values.sidecar.image) "
		 "}}\n"
		 "      image: {{ .image }}\n"
		 "      image: {{ include \"y\" . }}\n"
		 "{{- define \"y\" -}}{{ .Values.image.repository }}{{- end }}\n",
		 "2 image nginx:1.2.3\n"
		 "5 sidecar.image quay.io/a/b:v1\n"
		 "6 busy.image busybox:1.36\n"
		 "7 testImage curl:8\n"
		 "11 old.image old/x:2\n"
		 "12 notag.image ? c: it has no tag here; the chart's templates may give "
		 "it "
		 "one\n"
		 "13 job.image d:v1.2.3\n"
		 "14 list.image e:5\n"
		 "16 named f:6\n"
		 "3 image literal:1\n"
		 "5 image old/x-x\n"
		 "7 image ? {{ .image }}: .image is known to Helm alone\n");
}

static void lists(void **state)
{
	struct discover_try t;

	discover_try_begin(&t, FIND_LIST,
			   "# a list\n\n  python:3.11 # why\r\nx:${V:-2}\n"
			   "--platform=linux/amd64,linux/arm64 a:1\nNot An Image\n"
			   "y:${V}");
	imagelines_read(&t.r);
	discover_try_end(
		&t,
		"3  python:3.11\n4  x:2\n5  a:1 for linux/amd64\n5  a:1 for linux/arm64\n"
		"6  ? Not An Image: \"Not\" is no image: not a repository name: "
		"lower-case "
		"letters and digits, with '.', '_', '-' or '/' between them\n"
		"7  ? y:${V}: ${V} is not set; set it, or write ${V:-DEFAULT}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(github),	 cmocka_unit_test(gitlab),
		cmocka_unit_test(gitlab_inputs), cmocka_unit_test(devcontainer),
		cmocka_unit_test(skaffold),	 cmocka_unit_test(helm),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("discover/ci", tests, NULL, NULL);
}
