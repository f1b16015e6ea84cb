/*
 * gitlab.c - jobs of a pipeline, over all the files that make it.
 *
 * GitLab merges the files, the included ones first: what a later one says of a job
 * counts. Here a job is looked for in the files from the last to the first.
 */
#include "discover/gitlab.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "discover/gitlab_vars.h"
#include "discover/kaniko.h"

struct pipeline {
	struct reading *r;
	const struct reading_doc *doc[GITLAB_MAX_FILES];
	size_t n;
	struct map *top;	 /* the keys of all files: struct spot */
	const struct yaml *over; /* the first job that is too many */
	size_t rows;		 /* of jobs: what is left */
	size_t steps;		 /* of following extends; what is left */
	struct map *extended;	 /* names of jobs that another one extends */
	struct vars global;	 /* variables */
	struct vars inputs;	 /* defaults of spec: inputs */
};

/* A node, and the file it stands in. */
struct spot {
	const struct yaml *y;
	const char *file;
	const char *job; /* whose it is */
};

static bool is_job(const struct yaml *y)
{
	static const char *const words[] = {
		"image",	 "services",	 "stages",    "types",
		"before_script", "after_script", "variables", "cache",
		"include",	 "workflow",	 "default",   "spec",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(y->key, words[i]) == 0)
			return false;
	return y->kind == YAML_MAP;
}

/* --- files --- */

static void add_docs(struct pipeline *p, const struct reading_doc *docs, unsigned depth);

static void include(struct pipeline *p, const struct yaml *y, unsigned depth)
{
	const struct yaml *local = y->kind == YAML_MAP ? yaml_get(y, "local") : y;
	const char *path = reading_text(local);
	const struct reading_doc *docs;

	if (path == NULL || strstr(path, "://") != NULL || p->r->load == NULL)
		return;
	docs = p->r->load(p->r->tree_arg, path + strspn(path, "/"));
	if (docs != NULL)
		add_docs(p, docs, depth + 1);
}

/* What a file includes, then itself. */
static void add_docs(struct pipeline *p, const struct reading_doc *docs, unsigned depth)
{
	const struct reading_doc *d;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->doc[i]->file, docs->file) == 0)
			return;
	for (d = docs; d != NULL && depth < 10; d = d->next) {
		const struct yaml *y = yaml_get(d->doc, "include");

		if (y != NULL && y->kind == YAML_LIST)
			for (y = y->child; y != NULL; y = y->next)
				include(p, y, depth);
		else if (y != NULL)
			include(p, y, depth);
	}
	for (d = docs; d != NULL && p->n < GITLAB_MAX_FILES; d = d->next)
		p->doc[p->n++] = d;
}

/* --- looking up --- */

static struct spot top(const struct pipeline *p, const char *key)
{
	const struct spot *s = map_get(p->top, key);

	return s != NULL ? *s : (struct spot){ NULL, NULL, NULL };
}

static void note_top(struct pipeline *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct yaml *doc = p->doc[i]->doc, *y;

		for (y = doc->kind == YAML_MAP ? doc->child : NULL; y != NULL;
		     y = y->next) {
			struct spot *s = map_get(p->top, y->key);

			if (s == NULL) {
				s = mem_alloc(sizeof(*s));
				if (map_put(p->top, y->key, s) != 0) {
					free(s);
					return;
				}
			}
			*s = (struct spot){ y, p->doc[i]->file, y->key };
		}
	}
}

/* !reference [JOB, KEY]. */
static struct spot follow(const struct pipeline *p, struct spot s)
{
	const struct yaml *job, *key;
	unsigned n;

	for (n = 0; n < GITLAB_MAX_CHAIN && s.y != NULL && s.y->kind == YAML_LIST &&
		    s.y->tag != NULL && strcmp(s.y->tag, "!reference") == 0;
	     n++) {
		job = s.y->child;
		key = job != NULL ? job->next : NULL;
		if (reading_text(job) == NULL || reading_text(key) == NULL)
			return (struct spot){ NULL, NULL, NULL };
		s = top(p, job->text);
		s.y = yaml_get(s.y, key->text);
	}
	return s;
}

/* key of a job, or of those it extends, the last of them first. */
static struct spot of_job(struct pipeline *p, struct spot job, const char *key,
			  unsigned depth)
{
	const struct yaml *y = yaml_get(job.y, key), *from;
	const struct yaml *extends = yaml_get(job.y, "extends");
	struct spot found = { NULL, NULL, NULL };

	if (y != NULL)
		return follow(p, (struct spot){ y, job.file, job.job });
	if (extends == NULL || depth == GITLAB_MAX_CHAIN || p->steps == 0)
		return found;
	p->steps--;
	from = extends->kind == YAML_LIST ? extends->child : extends;
	for (; from != NULL; from = extends->kind == YAML_LIST ? from->next : NULL) {
		struct spot one;

		if (reading_text(from) == NULL)
			continue;
		one = of_job(p, top(p, from->text), key, depth + 1);
		if (one.y != NULL)
			found = one;
	}
	return found;
}

static void job_variables(struct pipeline *p, const struct yaml *job, struct vars *out,
			  unsigned depth)
{
	const struct yaml *extends = yaml_get(job, "extends"), *from;

	if (depth < GITLAB_MAX_CHAIN && extends != NULL && p->steps > 0) {
		p->steps--;
		from = extends->kind == YAML_LIST ? extends->child : extends;
		for (; from != NULL;
		     from = extends->kind == YAML_LIST ? from->next : NULL)
			if (reading_text(from) != NULL)
				job_variables(p, top(p, from->text).y, out, depth + 1);
	}
	gitlab_vars_read(out, yaml_get(job, "variables"));
}

/* --- places --- */

static const char *value_of(void *arg, const char *name)
{
	return vars_get(arg, name);
}

/* $[[ inputs.NAME ]], which is put in before all else. To be freed. */
static char *with_inputs(const struct pipeline *p, const char *text)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(FIND_MAX_TEXT);

	while (*text != '\0') {
		const char *end = strncmp(text, "$[[", 3) == 0 ? strstr(text, "]]")
							       : NULL;
		struct view name = { text, 0 };
		const char *value = NULL;

		if (end != NULL) {
			CLEANUP(mem_freep)
			char *copy = NULL;

			name = view_trim(
				(struct view){ text + 3, (size_t)(end - text) - 3 });
			if (view_starts(name, "inputs.")) {
				copy = mem_dupn(name.p + 7, name.n - 7);
				value = vars_get(&p->inputs, copy);
			}
		}
		if (value != NULL) {
			buf_adds(&out, value);
			text = end + 2;
		} else {
			buf_add(&out, text++, 1);
		}
	}
	return mem_dup(buf_str(&out));
}

static void read_image(struct pipeline *p, struct spot s, const char *key,
		       const struct vars *v)
{
	CLEANUP(mem_freep)
	char *where = NULL;
	CLEANUP(mem_freep)
	char *text = NULL;
	CLEANUP(buf_done)
	struct buf image = BUF_INIT(FIND_MAX_TEXT);
	struct expand x = { .dialect = EXPAND_GITLAB,
			    .value = value_of,
			    .arg = (void *)v };
	const char *file = p->r->file;
	struct err why = { 0 };

	if (s.y != NULL && s.y->kind == YAML_MAP)
		s.y = yaml_get(s.y, "name");
	if (reading_text(s.y) == NULL)
		return;
	where = strcmp(s.job, key) == 0 ? mem_dup(key) : mem_fmt("%.100s.%s", s.job, key);
	text = with_inputs(p, s.y->text);
	p->r->file = s.file;
	if (expand_text(&x, view_of(text), &image, &why) != 0)
		reading_unknown(p->r, s.y, where, why.msg);
	else
		reading_node(p->r, s.y, where, buf_str(&image));
	p->r->file = file;
}

static void read_services(struct pipeline *p, struct spot s, const struct vars *v)
{
	const struct yaml *y;

	if (s.y == NULL || s.y->kind != YAML_LIST)
		return;
	for (y = s.y->child; y != NULL; y = y->next)
		read_image(p, (struct spot){ y, s.file, s.job }, "services", v);
}

/* Lines of a script, which may be lists within lists. */
static void read_script(struct pipeline *p, const struct yaml *y, const char *file,
			const struct vars *v)
{
	enum find_kind kind = p->r->kind;
	const char *mine = p->r->file;

	for (; y != NULL; y = y->next) {
		if (y->kind == YAML_LIST) {
			read_script(p, y->child, file, v);
		} else if (y->kind == YAML_SCALAR && kaniko_is(y->text)) {
			CLEANUP(mem_freep)
			char *text = gitlab_vars_known(v, y->text);

			p->r->kind = FIND_KANIKO;
			p->r->file = file;
			kaniko_command(p->r, text, (unsigned)y->line, "script");
			p->r->kind = kind;
			p->r->file = mine;
		}
	}
}

struct job {
	struct pipeline *p;
	struct spot image, services, script;
};

static void read_row(void *arg, const struct vars *row)
{
	struct job *j = arg;

	if (j->p->rows == 0)
		return;
	j->p->rows--;

	read_image(j->p, j->image, "image", row);
	read_services(j->p, j->services, row);
	if (j->script.y != NULL && j->script.y->kind == YAML_LIST)
		read_script(j->p, j->script.y->child, j->script.file, row);
	else if (j->script.y != NULL)
		read_script(j->p, j->script.y, j->script.file, row);
}

static void read_job(struct pipeline *p, struct spot s)
{
	struct vars v = { 0 };
	struct spot standard = top(p, "default");
	struct job j = { .p = p };

	if (s.y->key[0] == '.' && map_get(p->extended, s.y->key) != NULL)
		return; /* its values are those of the jobs that extend it */
	if (p->rows == 0) {
		reading_unknown(p->r, p->over == NULL ? s.y : p->over, "jobs",
				"jobs from here on are too many to look at");
		p->over = p->over == NULL ? s.y : p->over;
		return;
	}
	vars_add(&v, &p->global);
	job_variables(p, s.y, &v, 0);
	j.image = of_job(p, s, "image", 0);
	j.services = of_job(p, s, "services", 0);
	j.script = of_job(p, s, "script", 0);
	if (s.y->key[0] != '.') {
		if (j.image.y == NULL)
			j.image = of_job(p, standard, "image", 0);
		if (j.image.y == NULL)
			j.image = top(p, "image");
		if (j.services.y == NULL)
			j.services = of_job(p, standard, "services", 0);
		if (j.services.y == NULL)
			j.services = top(p, "services");
	}
	gitlab_vars_rows(reading_down(s.y, "parallel", "matrix", NULL), &v, read_row, &j);
	vars_done(&v);
}

/* --- the whole --- */

static void note_extended(struct pipeline *p, const struct yaml *job)
{
	const struct yaml *extends = yaml_get(job, "extends"), *from;

	if (extends == NULL)
		return;
	from = extends->kind == YAML_LIST ? extends->child : extends;
	for (; from != NULL; from = extends->kind == YAML_LIST ? from->next : NULL)
		if (reading_text(from) != NULL)
			map_put(p->extended, from->text, p);
}

static void each_job(struct pipeline *p, void (*each)(struct pipeline *, struct spot))
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct yaml *doc = p->doc[i]->doc, *y;

		if (doc->kind != YAML_MAP)
			continue;
		for (y = doc->child; y != NULL; y = y->next)
			if (is_job(y))
				each(p, (struct spot){ y, p->doc[i]->file, y->key });
	}
}

static void note_job(struct pipeline *p, struct spot s)
{
	note_extended(p, s.y);
}

static void read_inputs(struct pipeline *p, const struct yaml *inputs)
{
	const struct yaml *y;

	for (y = inputs != NULL && inputs->kind == YAML_MAP ? inputs->child : NULL;
	     y != NULL; y = y->next)
		vars_set(&p->inputs, y->key, reading_text(yaml_get(y, "default")));
}

void gitlab_read(struct reading *r, const struct reading_doc *docs)
{
	struct pipeline p = { .r = r,
			      .rows = GITLAB_MAX_ROWS,
			      .steps = GITLAB_MAX_STEPS,
			      .top = map_new(YAML_FOREIGN_MAX_NODES),
			      .extended = map_new(YAML_FOREIGN_MAX_NODES) };
	struct vars global = { 0 };
	struct job at_top = { .p = &p };
	size_t i;

	add_docs(&p, docs, 0);
	note_top(&p);
	for (i = 0; i < p.n; i++) {
		gitlab_vars_read(&p.global, yaml_get(p.doc[i]->doc, "variables"));
		read_inputs(&p, reading_down(p.doc[i]->doc, "spec", "inputs", NULL));
	}
	vars_add(&global, &p.global);
	gitlab_vars_settle(&global);
	each_job(&p, note_job);
	each_job(&p, read_job);
	at_top.image = top(&p, "image");
	at_top.services = top(&p, "services");
	read_row(&at_top, &global);
	at_top.image = of_job(&p, top(&p, "default"), "image", 0);
	at_top.services = of_job(&p, top(&p, "default"), "services", 0);
	read_row(&at_top, &global);
	vars_done(&global);
	vars_done(&p.global);
	vars_done(&p.inputs);
	map_free(p.extended, NULL);
	map_free(p.top, free);
}
