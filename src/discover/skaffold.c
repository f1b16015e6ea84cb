/*
 * skaffold.c - artifacts and containers. No state.
 */
#include "discover/skaffold.h"

#include <string.h>

#include "base/mem.h"

bool skaffold_is(const struct yaml *doc)
{
	const char *api = reading_text(yaml_get(doc, "apiVersion"));

	return api != NULL && strncmp(api, "skaffold/", 9) == 0;
}

/* Other artifacts that are given to the build as arguments: images that are made here. */
static void read_requires(const struct yaml *list, struct vars *args)
{
	const struct yaml *y;

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
		const char *image = reading_text(yaml_get(y, "image"));
		const char *alias = reading_text(yaml_get(y, "alias"));

		if (image != NULL)
			vars_set(args, alias != NULL ? alias : image, image);
	}
}

/* docker or kaniko of an artifact; NULL where it says nothing more than that. */
static void read_build(struct reading *r, const struct yaml *artifact,
		       const struct yaml *how)
{
	const char *context = reading_text(yaml_get(artifact, "context"));
	const char *file = reading_text(yaml_get(how, "dockerfile"));
	const struct yaml *args = yaml_get(how, "buildArgs"), *y;
	struct build b = { .where = "build.artifacts", .line = (unsigned)artifact->line };

	if (context == NULL)
		context = reading_text(yaml_get(artifact, "workspace"));
	b.context = context;
	b.dockerfile = file != NULL ? file : "Dockerfile";
	for (y = args != NULL && args->kind == YAML_MAP ? args->child : NULL; y != NULL;
	     y = y->next)
		/* {{.NAME}} is what skaffold finds when it runs. */
		if (reading_text(y) != NULL && strstr(y->text, "{{") == NULL)
			vars_set(&b.args, y->key, y->text);
	read_requires(yaml_get(artifact, "requires"), &b.args);
	reading_build(r, b);
	vars_done(&b.args);
}

static void read_artifact(struct reading *r, const struct yaml *a)
{
	static const char *const others[] = { "jib", "bazel", "ko", "custom",
					      "buildpacks" };
	const struct yaml *docker = yaml_get(a, "docker"),
			  *kaniko = yaml_get(a, "kaniko");
	bool by_docker = true;
	size_t i;

	reading_made(r, reading_text(yaml_get(a, "image")));
	for (i = 0; i < ARRAY_LEN(others); i++)
		by_docker = by_docker && yaml_get(a, others[i]) == NULL;
	if (kaniko != NULL || by_docker)
		read_build(r, a, kaniko != NULL ? kaniko : docker);
	reading_node(r, yaml_get(kaniko, "image"), "build.artifacts.kaniko.image", NULL);
	reading_node(r, yaml_get(kaniko, "initImage"), "build.artifacts.kaniko.initImage",
		     NULL);
	reading_node(r, reading_down(a, "buildpacks", "builder", NULL),
		     "build.artifacts.buildpacks.builder", NULL);
	reading_node(r, reading_down(a, "buildpacks", "runImage", NULL),
		     "build.artifacts.buildpacks.runImage", NULL);
	reading_node(r, reading_down(a, "jib", "fromImage", NULL),
		     "build.artifacts.jib.fromImage", NULL);
	reading_node(r, reading_down(a, "ko", "fromImage", NULL),
		     "build.artifacts.ko.fromImage", NULL);
}

static void read_containers(struct reading *r, const struct yaml *list, const char *where)
{
	const struct yaml *c;

	for (c = list != NULL ? list->child : NULL; c != NULL; c = c->next)
		reading_node(r, yaml_get(c, "image"), where, NULL);
}

/* The file as a whole, or one of its profiles. */
static void read_part(struct reading *r, const struct yaml *part)
{
	const struct yaml *y, *list = reading_down(part, "build", "artifacts", NULL);

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next)
		read_artifact(r, y);
	list = yaml_get(part, "verify");
	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next)
		reading_node(r, reading_down(y, "container", "image", NULL),
			     "verify.container.image", NULL);
	list = yaml_get(part, "customActions");
	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next)
		read_containers(r, yaml_get(y, "containers"),
				"customActions.containers.image");
}

void skaffold_read(struct reading *r, const struct yaml *doc)
{
	const struct yaml *profiles = yaml_get(doc, "profiles"), *y;

	read_part(r, doc);
	for (y = profiles != NULL ? profiles->child : NULL; y != NULL; y = y->next)
		read_part(r, y);
}
