/*
 * github.c - jobs and steps. No state.
 */
#include "discover/github.h"

#include <string.h>

#include "base/mem.h"
#include "discover/matrix.h"

static const char docker[] = "docker://";

/* --- expressions --- */

struct scope {
	const struct vars *row;	   /* of the matrix; may be NULL */
	const struct vars *inputs; /* with their defaults */
};

/* One operand: 0 and the value, "" for a name that a matrix's row has not; or -1. */
static int operand(const struct scope *s, struct view v, const char **value, char **own)
{
	char *name = NULL;

	v = view_trim(v);
	if (v.n >= 2 && v.p[0] == '\'' && v.p[v.n - 1] == '\'') {
		*own = mem_dupn(v.p + 1, v.n - 2);
		*value = *own;
		return 0;
	}
	if (view_starts(v, "matrix.")) {
		name = mem_dupn(v.p + 7, v.n - 7);
		*value = s->row != NULL ? vars_get(s->row, name) : NULL;
		if (*value == NULL && s->row != NULL)
			*value = "";
	} else if (view_starts(v, "inputs.")) {
		name = mem_dupn(v.p + 7, v.n - 7);
		*value = vars_get(s->inputs, name);
	} else {
		return -1;
	}
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789_.-")] != '\0')
		*value = NULL;
	mem_freep(&name);
	return *value != NULL ? 0 : -1;
}

/* What is between ${{ and }}: the first of its operands that is not empty. */
static int evaluate(const struct scope *s, struct view inside, struct buf *out,
		    struct err *e)
{
	struct view rest = inside;

	for (;;) {
		CLEANUP(mem_freep)
		char *own = NULL;
		const char *bar = memmem(rest.p, rest.n, "||", 2), *value = NULL;
		struct view one = { rest.p,
				    bar != NULL ? (size_t)(bar - rest.p) : rest.n };

		if (operand(s, one, &value, &own) != 0) {
			inside = view_trim(inside);
			return err_set(e, ERR_INVALID, "${{ %.*s }} has no value here",
				       (int)(inside.n < 100 ? inside.n : 100), inside.p);
		}
		if (value[0] != '\0' || bar == NULL) {
			if (buf_adds(out, value) != 0)
				return err_set(e, ERR_LIMIT, "too long");
			return 0;
		}
		rest.n -= one.n + 2;
		rest.p = bar + 2;
	}
}

static int expand(const struct scope *s, const char *text, struct buf *out, struct err *e)
{
	while (*text != '\0') {
		const char *end = strncmp(text, "${{", 3) == 0 ? strstr(text, "}}")
							       : NULL;

		if (end == NULL) {
			if (buf_add(out, text++, 1) != 0)
				return err_set(e, ERR_LIMIT, "too long");
			continue;
		}
		if (evaluate(s, (struct view){ text + 3, (size_t)(end - text) - 3 }, out,
			     e) != 0)
			return -1;
		text = end + 2;
	}
	return 0;
}

/* --- places --- */

struct job {
	struct reading *r;
	struct matrix matrix;
	const struct vars *inputs;
};

/* An image, for each row of the matrix. Empty means that there is none. */
static void read_image(struct job *j, const struct yaml *y, const char *where)
{
	size_t i, rows = j->matrix.n > 0 ? j->matrix.n : 1;

	if (reading_text(y) == NULL)
		return;
	if (strstr(y->text, "${{") == NULL)
		rows = 1;
	for (i = 0; i < rows; i++) {
		CLEANUP(buf_done)
		struct buf image = BUF_INIT(FIND_MAX_TEXT);
		struct scope s = { j->matrix.n > 0 ? &j->matrix.row[i] : NULL,
				   j->inputs };
		struct err why = { 0 };

		if (expand(&s, y->text, &image, &why) != 0)
			reading_unknown(j->r, y, where, why.msg);
		else if (strncmp(buf_str(&image), docker, strlen(docker)) == 0)
			reading_node(j->r, y, where, buf_str(&image) + strlen(docker));
		else if (image.n > 0)
			reading_node(j->r, y, where, buf_str(&image));
	}
}

/* docker/build-push-action: what it builds, where it gives arguments. */
static void read_build(struct job *j, const struct yaml *with, const char *where)
{
	const char *args = reading_text(yaml_get(with, "build-args"));
	const char *context = reading_text(yaml_get(with, "context"));
	const char *file = reading_text(yaml_get(with, "file"));
	struct build b = { .where = where, .guess = true, .optional = true };
	struct scope s = { NULL, j->inputs };

	if (args == NULL)
		return;
	while (*args != '\0') {
		size_t n = strcspn(args, "\n");
		CLEANUP(mem_freep)
		char *line = mem_dupn(args, n);
		CLEANUP(buf_done)
		struct buf value = BUF_INIT(FIND_MAX_TEXT);

		if (expand(&s, line, &value, NULL) == 0)
			vars_set_pair(&b.args, view_trim(buf_view(&value)));
		args += n + (args[n] == '\n');
	}
	b.line = (unsigned)with->line;
	b.dockerfile = file != NULL ? file : "Dockerfile";
	/* The file's path is one from the top, not from the context. */
	b.context = file == NULL ? context : NULL;
	reading_build(j->r, b);
	vars_done(&b.args);
}

static void read_steps(struct job *j, const struct yaml *steps, const char *where)
{
	const struct yaml *y;

	for (y = steps != NULL ? steps->child : NULL; y != NULL; y = y->next) {
		const struct yaml *uses = yaml_get(y, "uses");
		const char *text = reading_text(uses);

		if (text == NULL)
			continue;
		if (strncmp(text, docker, strlen(docker)) == 0)
			reading_tail(j->r, uses, strlen(docker), where);
		if (strncmp(text, "docker/build-push-action@", 25) == 0)
			read_build(j, yaml_get(y, "with"), where);
	}
}

static void read_job(struct job *j, const struct yaml *y)
{
	const struct yaml *container = yaml_get(y, "container"), *s;
	const struct yaml *services = yaml_get(y, "services");
	CLEANUP(mem_freep)
	char *where = mem_fmt("jobs.%.100s.container", y->key);
	CLEANUP(mem_freep)
	char *steps = mem_fmt("jobs.%.100s.steps.uses", y->key);

	matrix_read(&j->matrix, reading_down(y, "strategy", "matrix", NULL));
	if (container != NULL && container->kind == YAML_MAP)
		container = yaml_get(container, "image");
	read_image(j, container, where);
	if (services != NULL && services->kind == YAML_MAP)
		for (s = services->child; s != NULL; s = s->next) {
			CLEANUP(mem_freep)
			char *at = mem_fmt("jobs.%.100s.services.%.100s", y->key, s->key);

			read_image(j, yaml_get(s, "image"), at);
		}
	read_steps(j, yaml_get(y, "steps"), steps);
	matrix_done(&j->matrix);
}

static void read_inputs(const struct yaml *inputs, struct vars *out)
{
	const struct yaml *y;

	if (inputs == NULL || inputs->kind != YAML_MAP)
		return;
	for (y = inputs->child; y != NULL; y = y->next)
		vars_set(out, y->key, reading_text(yaml_get(y, "default")));
}

void github_workflow(struct reading *r, const struct yaml *doc)
{
	const struct yaml *jobs = yaml_get(doc, "jobs"), *y;
	struct vars inputs = { 0 };
	struct job j = { .r = r, .inputs = &inputs };

	read_inputs(reading_down(doc, "on", "workflow_call", "inputs", NULL), &inputs);
	read_inputs(reading_down(doc, "on", "workflow_dispatch", "inputs", NULL),
		    &inputs);
	if (jobs != NULL && jobs->kind == YAML_MAP)
		for (y = jobs->child; y != NULL; y = y->next)
			read_job(&j, y);
	vars_done(&inputs);
}

void github_action(struct reading *r, const struct yaml *doc)
{
	const struct yaml *runs = yaml_get(doc, "runs"), *image = yaml_get(runs, "image");
	const char *text = reading_text(image);
	struct vars inputs = { 0 };
	struct job j = { .r = r, .inputs = &inputs };

	read_inputs(yaml_get(doc, "inputs"), &inputs);
	if (text != NULL && strncmp(text, docker, strlen(docker)) == 0)
		reading_tail(r, image, strlen(docker), "runs.image");
	else if (text != NULL)
		reading_build(r, (struct build){ .where = "runs.image",
						 .line = (unsigned)image->line,
						 .dockerfile = text });
	read_steps(&j, yaml_get(runs, "steps"), "runs.steps.uses");
	vars_done(&inputs);
}
