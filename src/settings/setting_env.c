/*
 * setting_env.c - names of variables to keys.  Borrows the environment, keeps nothing.
 */
#include "settings/setting_env.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/setting_apply.h"
#include "settings/setting_path.h"
#include "base/buf.h"
#include "base/mem.h"
#include "codec/yaml.h"

#define NAME_LEN 200
#define UPSTREAMS "LARDER_UPSTREAMS_"

const char *setting_env_get(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

void setting_env_variable(const struct setting_row *row, char *out, size_t outlen)
{
	static const char larder[] = "larder.";
	const char *p = row->flag ? row->flag : row->key;
	size_t n;

	out[0] = '\0';
	if (row->flag == NULL) {
		if (strncmp(p, larder, sizeof(larder) - 1) != 0)
			return;
		p += sizeof(larder) - 1;
	}
	n = (size_t)snprintf(out, outlen, "LARDER_");
	for (; *p && n + 7 < outlen; p++) {
		if (*p == '*')
			n += (size_t)snprintf(out + n, outlen - n, "<HOST>");
		else
			out[n++] = isalnum((unsigned char)*p)
					   ? (char)toupper((unsigned char)*p)
					   : '_';
	}
	out[n] = '\0';
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* LARDER_PORT=tcp://..., LARDER_SERVICE_HOST=... come from Kubernetes for a Service that
 * is named so, and are no business of ours; likewise for REGISTRY_. */
static bool is_kubernetes(const char *name)
{
	const char *rest = strchr(name, '_') + 1;

	return strcmp(rest, "PORT") == 0 || starts(rest, "SERVICE_HOST") ||
	       starts(rest, "SERVICE_PORT") ||
	       (starts(rest, "PORT_") && isdigit((unsigned char)rest[5]));
}

/* key split at c into path; the parts point into copy. -1: too many, or an empty one. */
static int split(char *copy, const char *c, struct setting_path *path)
{
	char *part;

	for (path->n = 0; (part = strsep(&copy, c)) != NULL; path->n++) {
		if (path->n == SETTING_DEPTH || *part == '\0')
			return -1;
		path->part[path->n] = part;
	}
	return 0;
}

static int apply_text(struct setting_draft *d, const char *name,
		      const struct setting_path *path, const char *text, struct err *e)
{
	struct yaml node = { .kind = *text ? YAML_SCALAR : YAML_NULL };

	node.text = *text ? (char *)text : NULL;
	return setting_apply(d, name, false, path, &node, e);
}

static int apply_yaml(struct setting_draft *d, const char *name,
		      const struct setting_path *path, const char *text, struct err *e)
{
	CLEANUP(yaml_freep)
	struct yaml *node = yaml_parse(view_of(text), e);

	if (node == NULL)
		return err_add(e, "%.120s", name);
	return setting_apply(d, name, false, path, node, e);
}

static int apply_registry(struct setting_draft *d, const char *name, const char *value,
			  struct err *e)
{
	CLEANUP(mem_freep)
	char *copy = mem_dup(name + strlen("REGISTRY_"));
	CLEANUP(yaml_freep)
	struct yaml *node = NULL;
	const struct setting_row *row;
	struct setting_path path;

	if (strcmp(name, "REGISTRY_CONFIGURATION_PATH") == 0 || is_kubernetes(name))
		return 0;
	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (split(copy, "_", &path) != 0) {
		setting_draft_warn(d, "unknown variable %.120s is ignored", name);
		return 0;
	}
	/* What is no YAML, or more than a single value, is meant as it stands where a
	 * single value is wanted: passwords have such letters. */
	row = setting_path_row(&path);
	node = yaml_parse(view_of(value), NULL);
	if (row && row->type < SETTING_HEADER &&
	    (node == NULL || (node->kind != YAML_SCALAR && node->kind != YAML_NULL)))
		return apply_text(d, name, &path, value, e);
	return apply_yaml(d, name, &path, value, e);
}

/* GHCR_IO to ghcr.io, in place. -1: no host is written so. */
static int decode_host(char *s)
{
	static const char *const runs[] = { "", ".", "-", ":", "--" };
	char *out = s;

	while (*s) {
		size_t run = strspn(s, "_");

		if (run >= ARRAY_LEN(runs))
			return -1;
		for (const char *p = runs[run]; *p; p++)
			*out++ = *p;
		s += run;
		if (*s)
			*out++ = (char)tolower((unsigned char)*s++);
	}
	*out = '\0';
	return 0;
}

/* LARDER_UPSTREAMS_<HOST>_<FIELD>: the row of the longest field that it ends with. */
static const struct setting_row *upstream_row(const char *name, size_t *host_len)
{
	const struct setting_row *best = NULL;
	size_t n = strlen(name), longest = 0;
	char variable[NAME_LEN];

	for (size_t i = 0; i < setting_table_len; i++) {
		const char *field;
		size_t m;

		setting_env_variable(&setting_table_rows[i], variable, sizeof(variable));
		if (!starts(variable, UPSTREAMS "<HOST>_"))
			continue;
		field = variable + strlen(UPSTREAMS "<HOST>");
		m = strlen(field);
		if (m > longest && n > m + strlen(UPSTREAMS) &&
		    strcmp(name + n - m, field) == 0) {
			best = &setting_table_rows[i];
			longest = m;
		}
	}
	*host_len = n - longest - strlen(UPSTREAMS);
	return best;
}

static int unknown(const char *name, struct err *e)
{
	char variable[NAME_LEN], nearest[NAME_LEN] = "";
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < setting_table_len; i++) {
		size_t distance;

		setting_env_variable(&setting_table_rows[i], variable, sizeof(variable));
		if (variable[0] == '\0')
			continue;
		distance = setting_path_distance(name, variable);
		if (distance < least) {
			least = distance;
			memcpy(nearest, variable, sizeof(nearest));
		}
	}
	return err_set(e, ERR_INVALID,
		       "unknown variable %.120s; did you mean %s? `larder help settings` "
		       "lists all",
		       name, nearest);
}

static int apply_value(struct setting_draft *d, const char *name,
		       const struct setting_row *row, char *key, const char *host,
		       const char *value, struct err *e)
{
	bool list = row == NULL || row->type == SETTING_PATTERNS ||
		    row->type == SETTING_TAGS || row->type == SETTING_LIST ||
		    row->type == SETTING_ACCESS || row->type == SETTING_KEEP;
	struct setting_path path;

	if (split(key, ".", &path) != 0)
		return unknown(name, e);
	for (size_t i = 0; i < path.n; i++)
		if (host && strcmp(path.part[i], "*") == 0)
			path.part[i] = host;
	if (row != NULL && row->type == SETTING_CREDENTIALS && *value == '[')
		return apply_yaml(d, name, &path, value, e);
	if (list && (row == NULL || *value == '{' || *value == '['))
		return apply_yaml(d, name, &path, value, e);
	return apply_text(d, name, &path, value, e);
}

static int apply_larder(struct setting_draft *d, const char *name, const char *value,
			struct err *e)
{
	CLEANUP(mem_freep)
	char *host = NULL;
	CLEANUP(mem_freep)
	char *key = NULL;
	const struct setting_row *row = NULL;
	char variable[NAME_LEN];
	size_t host_len;

	if (starts(name, "LARDER_TEST_") || strcmp(name, "LARDER_FAULTS") == 0 ||
	    strcmp(name, "LARDER_CONFIG") == 0 ||
	    strcmp(name, "LARDER_URL") == 0 || /* for scripts: where larder is */
	    is_kubernetes(name))
		return 0;
	for (size_t i = 0; i < setting_table_len && row == NULL; i++) {
		setting_env_variable(&setting_table_rows[i], variable, sizeof(variable));
		if (strcmp(variable, name) == 0)
			row = &setting_table_rows[i];
	}
	if (row == NULL && starts(name, UPSTREAMS)) {
		row = upstream_row(name, &host_len);
		host = row ? mem_dupn(name + strlen(UPSTREAMS), host_len) : NULL;
		if (host == NULL || decode_host(host) != 0)
			return unknown(name, e);
	}
	if (row)
		key = mem_dup(row->key);
	else if (strcmp(name, "LARDER_UPSTREAMS") == 0)
		key = mem_dup("larder.upstreams");
	else if (strcmp(name, "LARDER_TIMEOUTS") == 0)
		key = mem_dup("larder.timeouts");
	else
		return unknown(name, e);
	return apply_value(d, name, row, key, host, value, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int apply_prefix(struct setting_draft *d, char **sorted, const char *prefix,
			int (*apply)(struct setting_draft *, const char *, const char *,
				     struct err *),
			struct err *e)
{
	for (; *sorted; sorted++) {
		CLEANUP(mem_freep)
		char *name = NULL;
		const char *equals = strchr(*sorted, '=');

		if (equals == NULL || !starts(*sorted, prefix))
			continue;
		name = mem_dupn(*sorted, (size_t)(equals - *sorted));
		if (apply(d, name, equals + 1, e) != 0)
			return -1;
	}
	return 0;
}

int setting_env_apply(struct setting_draft *d, char **envp, struct err *e)
{
	CLEANUP(mem_freep)
	char **sorted = NULL;
	size_t n = 0;

	while (envp[n])
		n++;
	sorted = mem_alloc((n + 1) * sizeof(*sorted));
	memcpy(sorted, envp, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_name);
	if (apply_prefix(d, sorted, "REGISTRY_", apply_registry, e) != 0)
		return -1;
	return apply_prefix(d, sorted, "LARDER_", apply_larder, e);
}
