/*
 * kind.c - names of files. No state.
 */
#include "discover/kind.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "discover/paths.h"

static bool matches(const char *name, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++)
		if (fnmatch(*patterns, name, FNM_CASEFOLD | FNM_PERIOD) == 0)
			return true;
	return false;
}

static bool is_yaml(const char *name)
{
	static const char *const ends[] = { "*.yml", "*.yaml", ".*.yml", ".*.yaml",
					    NULL };

	return matches(name, ends);
}

/* Dockerfile, Dockerfile.web, web.Dockerfile, Containerfile-web; not what is about them
 * or only begins so. */
static bool is_dockerfile(const char *name)
{
	static const char *const names[] = {
		"Dockerfile",	   "Dockerfile.*",    "Dockerfile-*",
		"Dockerfile_*",	   "*.Dockerfile",    "Containerfile",
		"Containerfile.*", "Containerfile-*", "*-Dockerfile",
		"*_Dockerfile",	   "*.Containerfile", ".Dockerfile",
		".*.Dockerfile",   "*-Containerfile", NULL,
	};
	static const char *const others[] = {
		"*.dockerignore",
		"*.containerignore",
		"*.md",
		"*.rst",
		"*.txt",
		"*.go",
		"*.py",
		"*.js",
		"*.ts",
		"*.rb",
		"*.rs",
		"*.java",
		"*.c",
		"*.h",
		"*.sh",
		"*.json",
		"*.yml",
		"*.yaml",
		"*.html",
		"*.css",
		"*.lua",
		"*.vim",
		"*.snap",
		"*.lock",
		"*.swp",
		"*~",
		"*.gz",
		"*.tar",
		"*.zip",
		"*.png",
		NULL,
	};

	return matches(name, names) && !matches(name, others);
}

static bool is_compose(const char *name)
{
	static const char *const names[] = {
		"docker-compose*", "compose.*",	      "compose-*", "*.compose.*",
		"*-compose.*",	   "podman-compose*", NULL
	};

	return matches(name, names) && is_yaml(name);
}

static bool is_gitlab(const char *path, const char *name)
{
	static const char *const names[] = { "*.gitlab-ci.yml", ".gitlab-ci.yml",
					     ".gitlab-ci.*.yml", ".gitlab-ci.yaml",
					     NULL };

	return matches(name, names) ||
	       (is_yaml(name) && (strstr(path, ".gitlab/ci/") != NULL ||
				  strstr(path, ".gitlab-ci/") != NULL));
}

static bool is_workflow(const char *path, const char *name)
{
	static const char *const folders[] = { ".github/workflows", ".gitea/workflows",
					       ".forgejo/workflows" };
	CLEANUP(mem_freep)
	char *dir = paths_dir(path);
	size_t i, n = strlen(dir);

	for (i = 0; i < ARRAY_LEN(folders); i++) {
		size_t len = strlen(folders[i]);

		if (n >= len && strcmp(dir + n - len, folders[i]) == 0)
			return is_yaml(name);
	}
	return false;
}

static bool is_list(const char *name)
{
	static const char *const names[] = { "*images.txt", "*images.list", "*images.lst",
					     NULL };

	return matches(name, names);
}

enum kind kind_of(const char *path)
{
	const char *name = paths_name(path);

	if (is_dockerfile(name))
		return KIND_DOCKERFILE;
	if (is_list(name))
		return KIND_LIST;
	if (strcmp(name, "devcontainer.json") == 0 ||
	    strcmp(name, ".devcontainer.json") == 0)
		return KIND_DEVCONTAINER;
	if (is_yaml(name)) {
		if (is_workflow(path, name))
			return KIND_WORKFLOW;
		if (strncmp(name, "action.y", 8) == 0)
			return KIND_ACTION;
		if (is_gitlab(path, name))
			return KIND_GITLAB;
		if (is_compose(name))
			return KIND_COMPOSE;
		if (strncmp(name, "kustomization.y", 15) == 0)
			return KIND_KUSTOMIZE;
		if (strncmp(name, "skaffold.y", 10) == 0)
			return KIND_SKAFFOLD;
		if (strcmp(name, "Chart.yaml") == 0)
			return KIND_CHART;
		return KIND_YAML;
	}
	if (strcmp(name, "kustomization") == 0 || strcmp(name, "Kustomization") == 0)
		return KIND_KUSTOMIZE;
	return fnmatch("*.json", name, FNM_CASEFOLD) == 0 ? KIND_JSON : KIND_NONE;
}

enum kind kind_given(const char *path)
{
	enum kind kind = kind_of(path);
	const char *name = paths_name(path);

	if (kind != KIND_NONE)
		return kind;
	/* "prod.docker", "image.build": a list has one image a line, and is called so. */
	return fnmatch("*.txt", name, FNM_CASEFOLD) == 0 ||
			       fnmatch("*.list", name, FNM_CASEFOLD) == 0
		       ? KIND_LIST
		       : KIND_DOCKERFILE;
}

enum kind kind_in_chart(const char *path)
{
	const char *name = paths_name(path);

	if (strncmp(path, "templates/", 10) == 0)
		return is_yaml(name) || fnmatch("*.tpl", name, 0) == 0 ? KIND_TEMPLATE
								       : KIND_NONE;
	if ((name == path || strncmp(path, "ci/", 3) == 0) &&
	    strstr(name, "values") != NULL && is_yaml(name))
		return KIND_VALUES;
	return KIND_NONE;
}

bool kind_passed_over(const char *folder)
{
	static const char *const names[] = {
		".git",		".hg",	  ".svn",
		"node_modules", "vendor", "bower_components",
		".venv",	"venv",	  "__pycache__",
		".tox",		".nox",	  "site-packages",
		".terraform",	".cache", NULL,
	};
	const char *const *name;

	for (name = names; *name != NULL; name++)
		if (strcmp(folder, *name) == 0)
			return true;
	return false;
}
