/*
 * tekton.c - tasks within documents, and their parameters. No state.
 */
#include "discover/tekton.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "discover/kaniko.h"

/* --- parameters --- */

/* NAME of params.NAME, params["NAME"] or params['NAME']; NULL: it is no such thing. */
static char *param_name(struct view v)
{
	static const char *const begins[] = { "inputs.params", "params" };
	struct view rest = { NULL, 0 };
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(begins) && rest.p == NULL; i++) {
		n = strlen(begins[i]);
		if (view_starts(v, begins[i]))
			rest = (struct view){ v.p + n, v.n - n };
	}
	if (rest.n > 1 && rest.p[0] == '.' && memchr(rest.p, '[', rest.n) == NULL)
		return mem_dupn(rest.p + 1, rest.n - 1);
	if (rest.n > 4 && rest.p[0] == '[' && rest.p[rest.n - 1] == ']' &&
	    (rest.p[1] == '"' || rest.p[1] == '\'') && rest.p[rest.n - 2] == rest.p[1])
		return mem_dupn(rest.p + 2, rest.n - 4);
	return NULL;
}

/* text with $(...) put in. */
static int expand(const struct vars *params, const char *text, struct buf *out,
		  struct err *e)
{
	while (*text != '\0') {
		const char *end = strncmp(text, "$(", 2) == 0 ? strchr(text, ')') : NULL;
		CLEANUP(mem_freep)
		char *name = NULL;
		const char *value;
		int rc;

		if (end == NULL) {
			rc = buf_add(out, text++, 1);
		} else {
			struct view inside = { text + 2, (size_t)(end - text) - 2 };

			name = param_name(inside);
			value = name != NULL ? vars_get(params, name) : NULL;
			if (value == NULL)
				return err_set(e, ERR_INVALID, "$(%.*s) has no value",
					       (int)(inside.n < 100 ? inside.n : 100),
					       inside.p);
			rc = buf_adds(out, value);
			text = end + 1;
		}
		if (rc != 0)
			return err_set(e, ERR_LIMIT, "too long with its parameters");
	}
	return 0;
}

/* params: [{name, default}], or [{name, value}] with what is known outside put in. */
static void read_params(const struct yaml *list, const char *what,
			const struct vars *outside, struct vars *out)
{
	const struct yaml *y;

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
		CLEANUP(buf_done)
		struct buf value = BUF_INIT(FIND_MAX_TEXT);
		const char *name = reading_text(yaml_get(y, "name"));
		const char *text = reading_text(yaml_get(y, what));

		if (name == NULL || yaml_get(y, what) == NULL)
			continue;
		if (text != NULL && outside != NULL &&
		    expand(outside, text, &value, NULL) == 0)
			vars_set(out, name, buf_str(&value));
		else
			vars_set(out, name, outside == NULL ? text : NULL);
	}
}

/* --- tasks --- */

static void read_image(struct reading *r, const struct yaml *y, const char *where,
		       const struct vars *params)
{
	CLEANUP(buf_done)
	struct buf image = BUF_INIT(FIND_MAX_TEXT);
	struct err why = { 0 };

	if (reading_text(y) == NULL)
		return;
	if (expand(params, y->text, &image, &why) != 0)
		reading_unknown(r, y, where, why.msg);
	else
		reading_node(r, y, where, buf_str(&image));
}

static void read_kaniko(struct reading *r, const struct yaml *step,
			const struct vars *params)
{
	const char *const keys[] = { "command", "args" };
	const char *script = reading_text(yaml_get(step, "script"));
	char *word[KANIKO_MAX_WORDS];
	enum find_kind kind = r->kind;
	size_t n = 0, i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const struct yaml *list = yaml_get(step, keys[i]), *y;

		for (y = list != NULL ? list->child : NULL;
		     y != NULL && n < KANIKO_MAX_WORDS; y = y->next) {
			CLEANUP(buf_done)
			struct buf text = BUF_INIT(FIND_MAX_TEXT);

			if (y->kind != YAML_SCALAR)
				continue;
			if (expand(params, y->text, &text, NULL) == 0)
				word[n++] = mem_dup(buf_str(&text));
			else
				word[n++] = mem_dup(y->text);
		}
	}
	r->kind = FIND_KANIKO;
	kaniko_words(r, word, n, (unsigned)step->line, "steps.args");
	if (script != NULL)
		kaniko_command(r, script, (unsigned)step->line, "steps.script");
	r->kind = kind;
	while (n > 0)
		free(word[--n]);
}

static void read_steps(struct reading *r, const struct yaml *list, const char *where,
		       const struct vars *params)
{
	const struct yaml *y;

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
		CLEANUP(buf_done)
		struct buf image = BUF_INIT(FIND_MAX_TEXT);
		const char *text = reading_text(yaml_get(y, "image"));

		read_image(r, yaml_get(y, "image"), where, params);
		if (text != NULL && expand(params, text, &image, NULL) == 0 &&
		    kaniko_is(buf_str(&image)))
			read_kaniko(r, y, params);
	}
}

/* A task's spec. given: what a run or a pipeline sets; may be NULL. */
static void read_task(struct reading *r, const struct yaml *spec,
		      const struct vars *given)
{
	struct vars params = { 0 };

	read_params(yaml_get(spec, "params"), "default", NULL, &params);
	read_params(reading_down(spec, "inputs", "params", NULL), "default", NULL,
		    &params);
	if (given != NULL)
		vars_add(&params, given);
	read_steps(r, yaml_get(spec, "steps"), "steps.image", &params);
	read_steps(r, yaml_get(spec, "sidecars"), "sidecars.image", &params);
	read_image(r, reading_down(spec, "stepTemplate", "image", NULL),
		   "stepTemplate.image", &params);
	read_image(r, yaml_get(spec, "image"), "image", &params); /* a StepAction */
	vars_done(&params);
}

static void read_pipeline(struct reading *r, const struct yaml *spec,
			  const struct vars *given)
{
	const char *const lists[] = { "tasks", "finally" };
	struct vars params = { 0 };
	size_t i;

	read_params(yaml_get(spec, "params"), "default", NULL, &params);
	if (given != NULL)
		vars_add(&params, given);
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		const struct yaml *list = yaml_get(spec, lists[i]), *y;

		for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
			/* Parameters of the pipeline are seen within its tasks, too. */
			struct vars own = { 0 };

			vars_add(&own, &params);
			read_params(yaml_get(y, "params"), "value", &params, &own);
			read_task(r, yaml_get(y, "taskSpec"), &own);
			vars_done(&own);
		}
	}
	vars_done(&params);
}

bool tekton_is(const struct yaml *doc)
{
	const char *api = reading_text(yaml_get(doc, "apiVersion"));

	return api != NULL && strncmp(api, "tekton.dev/", 11) == 0;
}

void tekton_read(struct reading *r, const struct yaml *doc)
{
	const struct vars none = { 0 };
	struct vars given = { 0 };
	const struct yaml *spec = yaml_get(doc, "spec");

	/* Of a run, params have values; elsewhere there are none, and nothing is set. */
	read_params(yaml_get(spec, "params"), "value", &none, &given);
	if (yaml_get(spec, "taskSpec") != NULL)
		read_task(r, yaml_get(spec, "taskSpec"), &given);
	else if (yaml_get(spec, "pipelineSpec") != NULL)
		read_pipeline(r, yaml_get(spec, "pipelineSpec"), &given);
	else if (yaml_get(spec, "tasks") != NULL)
		read_pipeline(r, spec, NULL);
	else
		read_task(r, spec, NULL);
	vars_done(&given);
}
