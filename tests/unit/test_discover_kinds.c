/* The other kinds of files, a reader each: what they name, what they do not, and why not.
 */
#include "discover_try.h"

#include "discover/compose.h"
#include "discover/kubernetes.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compose), cmocka_unit_test(compose_builds),
		cmocka_unit_test(dotenv),  cmocka_unit_test(kubernetes),
		cmocka_unit_test(kaniko),  cmocka_unit_test(tekton),
	};

	return cmocka_run_group_tests_name("discover/kinds", tests, NULL, NULL);
}
