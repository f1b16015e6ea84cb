/* The other kinds of files, a reader each: what they name, what they do not, and why not.
 */
#include "discover_try.h"

#include "discover/compose.h"
#include "discover/devcontainer.h"
#include "discover/github.h"
#include "discover/gitlab.h"
#include "discover/helm.h"
#include "discover/imagelines.h"
#include "discover/jsonc.h"
#include "discover/kubernetes.h"
#include "discover/skaffold.h"
#include "discover/tekton.h"

static void compose(void **state)
{
	discover_try_yaml(
		FIND_COMPOSE, compose_read,
		"x-base: &base\n"
		"  image: redis:7\n"
		"services:\n"
		"  db:\n"
		"    image: \"postgres:17\"\n"
		"  cache:\n"
		"    <<: *base\n"
		"  web:\n"
		"    build: ./web\n"
		"    image: made-here:1\n"
		"  v: {image: 'a:${V:-1}'}\n"
		"  o:\n"
		"    image: ${FROM_OUTSIDE}:$${x}\n"
		"  u:\n"
		"    image: b:${UNSET}\n"
		"  e:\n"
		"    image: c:${UNSET:?set it}\n"
		"  n:\n"
		"    image: ${REG-}${NAME:-d}:${A:-${B:-2}}${C:+x}\n"
		"    volumes:\n"
		"      - type: image\n"
		"        source: models/x:1\n"
		"      - type: bind\n"
		"        source: y\n"
		"      - ./z:/z\n"
		"  none:\n"
		"    image:\n"
		"  w:\n"
		"    build:\n"
		"      context: .\n"
		"      additional_contexts:\n"
		"        - base=docker-image://alpine:3\n"
		"      dockerfile_inline: |\n"
		"        FROM busybox:1\n"
		"        FROM base\n",
		"2 services.cache.image redis:7\n"
		"5 services.db.image postgres:17\n"
		"11 services.v.image a:1\n"
		"13 services.o.image ? ${FROM_OUTSIDE}:$${x}: it has a placeholder that "
		"another program fills in\n"
		"15 services.u.image ? b:${UNSET}: UNSET has no value\n"
		"17 services.e.image ? c:${UNSET:?set it}: UNSET has no value\n"
		"19 services.n.image d:2\n"
		"22 services.n.volumes models/x:1\n"
		"32 services.w.build.additional_contexts alpine:3\n"
		"34 services.w.build FROM busybox:1\n");
}

static void compose_builds(void **state)
{
	static const char text[] =
		"services:\n"
		"  a: {build: {dockerfile: x/D, args: [A=1, B]}}\n"
		"  b: {build: 'https://github.com/x/y'}\n"
		"  c: {build: '${UNSET}'}\n"
		"  d: {build: {context: d, args: {A: 2, FROM_OUTSIDE: }}}\n";
	struct yaml_reader reader = { .text = VIEW(text) };
	struct discover_try t;
	struct yaml *doc;

	discover_try_begin(&t, FIND_COMPOSE, text);
	assert_int_equal(yaml_next(&reader, &doc, &t.e), 1);
	assert_true(compose_is(doc));
	compose_read(&t.r, doc);
	yaml_free(doc);
	assert_int_equal(t.builds.n, 4);
	assert_string_equal(t.builds.v[0]->dockerfile, "x/D");
	assert_null(t.builds.v[0]->context);
	assert_string_equal(vars_get(&t.builds.v[0]->args, "A"), "1");
	assert_null(t.builds.v[1]->dockerfile);
	assert_string_equal(t.builds.v[1]->why, "it is built from sources elsewhere");
	assert_null(t.builds.v[2]->dockerfile);
	assert_string_equal(t.builds.v[3]->context, "d");
	assert_string_equal(t.builds.v[3]->dockerfile, "Dockerfile");
	assert_string_equal(vars_get(&t.builds.v[3]->args, "FROM_OUTSIDE"), "outside");
	discover_try_end(&t, "");
}

static void dotenv(void **state)
{
	struct discover_try t;

	discover_try_begin(&t, FIND_COMPOSE, "");
	compose_dotenv(&t.r, VIEW("# x=1\nA=1\nexport B = two # c\nC='$A #'\nD=\"$A$A\"\n"
				  "E\n=f\nG=\nH=$NONE\nA=3\r\n"));
	assert_string_equal(vars_get(&t.r.beside, "A"), "3");
	assert_string_equal(vars_get(&t.r.beside, "B"), "two");
	assert_string_equal(vars_get(&t.r.beside, "C"), "$A #");
	assert_string_equal(vars_get(&t.r.beside, "D"), "11");
	assert_string_equal(vars_get(&t.r.beside, "G"), "");
	assert_null(vars_get(&t.r.beside, "H"));
	assert_null(vars_get(&t.r.beside, "E"));
	discover_try_end(&t, "");
}

static void kubernetes(void **state)
{
	discover_try_yaml(
		FIND_KUBERNETES, kubernetes_read,
		"apiVersion: apps/v1\n"
		"kind: Deployment\n"
		"spec:\n"
		"  template:\n"
		"    spec:\n"
		"      initContainers:\n"
		"        - {name: i, image: busybox:1.36}\n"
		"      containers:\n"
		"        - name: c\n"
		"          image: nginx:1.27\n"
		"        - image: ko://github.com/x/y\n"
		"        - image: $(IMAGE)\n"
		"      ephemeralContainers:\n"
		"        - image: debug:1\n"
		"      volumes:\n"
		"        - name: v\n"
		"          image:\n"
		"            reference: models/x:1\n"
		"---\n"
		"apiVersion: v1\n"
		"kind: List\n"
		"items:\n"
		"  - kind: CronJob\n"
		"    apiVersion: batch/v1\n"
		"    spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: "
		"cron:1}]}}}}}\n"
		"  - apiVersion: v1\n"
		"    kind: ConfigMap\n"
		"    containers: [{image: not:1}]\n"
		"---\n"
		"# nothing\n"
		"---\n"
		"apiVersion: apiextensions.k8s.io/v1\n"
		"kind: CustomResourceDefinition\n"
		"spec: {containers: [{image: not:2}]}\n"
		"---\n"
		"apiVersion: serving.knative.dev/v1\n"
		"kind: Service\n"
		"spec: {template: {spec: {containers: [{image: kn:1}]}}}\n"
		"---\n"
		"apiVersion: argoproj.io/v1alpha1\n"
		"kind: Workflow\n"
		"spec:\n"
		"  templates:\n"
		"    - container: {image: argo:1}\n"
		"    - script: {image: argo:2}\n"
		"      sidecars: [{image: argo:3}]\n",
		"7 initContainers.image busybox:1.36\n"
		"10 containers.image nginx:1.27\n"
		"12 containers.image ? $(IMAGE): it has a placeholder that another "
		"program "
		"fills in\n"
		"14 ephemeralContainers.image debug:1\n"
		"18 volumes.image.reference models/x:1\n"
		"25 containers.image cron:1\n"
		"38 containers.image kn:1\n"
		"44 container.image argo:1\n"
		"45 script.image argo:2\n"
		"46 sidecars.image argo:3\n");
	discover_try_yaml(
		FIND_KUSTOMIZE, kubernetes_kustomize,
		"images:\n"
		"- name: a\n"
		"  newTag: '2'\n"
		"- {name: b, newName: x/b, newTag: 3}\n"
		"- name: c\n"
		"  newName: y/c\n"
		"- name: d\n"
		"- name: e\n"
		"  digest: sha256:0123456789012345678901234567890123456789012345"
		"678901234567890123\n",
		"2 images a:2\n4 images x/b:3\n"
		"6 images.newName ? y/c: its tag is that of the manifests\n"
		"8 images "
		"e@sha256:"
		"0123456789012345678901234567890123456789012345678901234567890"
		"123\n");
}

static void kaniko(void **state)
{
	static const char text[] =
		"apiVersion: v1\n"
		"kind: Pod\n"
		"spec:\n"
		"  containers:\n"
		"  - image: gcr.io/kaniko-project/executor:v1\n"
		"    args: [--dockerfile=docker/D, --context, 'dir:///workspace/app/',\n"
		"      --build-arg=A=1, --build-arg, B=2, --destination=x/y]\n"
		"  - image: gcr.io/kaniko-project/executor:v1\n"
		"    args: ['--context=git://github.com/x/y', -f, D2]\n";
	struct yaml_reader reader = { .text = VIEW(text) };
	struct discover_try t;
	struct yaml *doc;

	discover_try_begin(&t, FIND_KUBERNETES, text);
	assert_int_equal(yaml_next(&reader, &doc, &t.e), 1);
	kubernetes_read(&t.r, doc);
	yaml_free(doc);
	assert_int_equal(t.builds.n, 2);
	assert_string_equal(t.builds.v[0]->dockerfile, "docker/D");
	assert_string_equal(t.builds.v[0]->context, "app/");
	assert_int_equal(t.builds.v[0]->kind, FIND_KANIKO);
	assert_string_equal(vars_get(&t.builds.v[0]->args, "A"), "1");
	assert_string_equal(vars_get(&t.builds.v[0]->args, "B"), "2");
	assert_null(t.builds.v[1]->dockerfile);
	discover_try_end(&t, "5 containers.image gcr.io/kaniko-project/executor:v1\n"
			     "8 containers.image gcr.io/kaniko-project/executor:v1\n");
}

static void tekton(void **state)
{
	discover_try_yaml(
		FIND_TEKTON, tekton_read,
		"apiVersion: tekton.dev/v1\n"
		"kind: Task\n"
		"spec:\n"
		"  params:\n"
		"    - {name: IMG, default: python}\n"
		"    - name: ver\n"
		"      default: \"3.11\"\n"
		"    - name: none\n"
		"  stepTemplate: {image: base:1}\n"
		"  steps:\n"
		"    - image: $(params.IMG):$(params[\"ver\"])\n"
		"    - image: $(params.none)\n"
		"    - image: $(inputs.params.IMG)\n"
		"    - image: $(tasks.x.results.y)\n"
		"  sidecars:\n"
		"    - image: docker:27-dind\n"
		"---\n"
		"apiVersion: tekton.dev/v1beta1\n"
		"kind: Pipeline\n"
		"spec:\n"
		"  params: [{name: tag, default: '1'}]\n"
		"  tasks:\n"
		"    - taskSpec:\n"
		"        params: [{name: t, default: '9'}]\n"
		"        steps: [{image: 'a:$(params.t)'}, {image: 'b:$(params.tag)'}]\n"
		"      params: [{name: t, value: $(params.tag)}]\n"
		"  finally:\n"
		"    - taskSpec: {steps: [{image: 'c:1'}]}\n"
		"---\n"
		"apiVersion: tekton.dev/v1\n"
		"kind: TaskRun\n"
		"spec:\n"
		"  params: [{name: t, value: '5'}]\n"
		"  taskSpec:\n"
		"    params: [{name: t, default: '6'}]\n"
		"    steps: [{image: 'd:$(params.t)'}]\n"
		"---\n"
		"apiVersion: tekton.dev/v1alpha1\n"
		"kind: StepAction\n"
		"spec: {image: 'e:1'}\n",
		"9 stepTemplate.image base:1\n"
		"11 steps.image python:3.11\n"
		"12 steps.image ? $(params.none): $(params.none) has no value\n"
		"13 steps.image python\n"
		"14 steps.image ? $(tasks.x.results.y): $(tasks.x.results.y) has no "
		"value\n"
		"16 sidecars.image docker:27-dind\n"
		"25 steps.image a:1\n"
		"25 steps.image b:1\n"
		"28 steps.image c:1\n"
		"36 steps.image d:5\n"
		"40 image e:1\n");
}

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
	helm_begin(&h);
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
		cmocka_unit_test(compose),	 cmocka_unit_test(compose_builds),
		cmocka_unit_test(dotenv),	 cmocka_unit_test(kubernetes),
		cmocka_unit_test(kaniko),	 cmocka_unit_test(tekton),
		cmocka_unit_test(github),	 cmocka_unit_test(gitlab),
		cmocka_unit_test(gitlab_inputs), cmocka_unit_test(devcontainer),
		cmocka_unit_test(skaffold),	 cmocka_unit_test(helm),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("discover/kinds", tests, NULL, NULL);
}
