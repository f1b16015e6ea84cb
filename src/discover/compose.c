/*
 * compose.c - services of a compose file. No state but the reading's.
 */
#include "discover/compose.h"

#include <string.h>

#include "base/mem.h"
#include "discover/dockerfile.h"
#include "discover/remote.h"

const char *compose_value(void *arg, const char *name)
{
	const struct reading *r = arg;
	const char *value = r->variable != NULL ? r->variable(r->arg, name) : NULL;

	return value != NULL ? value : vars_get(&r->beside, name);
}

static struct expand dialect(struct reading *r)
{
	return (struct expand){ .dialect = EXPAND_COMPOSE,
				.value = compose_value,
				.arg = r,
				.work = EXPAND_WORK };
}

/* A value with its variables; NULL: it is none, or one is not set. To be freed. */
static char *value_of(struct reading *r, const char *text)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(FIND_MAX_TEXT);
	struct expand x = dialect(r);

	if (text == NULL || expand_text(&x, view_of(text), &out, NULL) != 0)
		return NULL;
	return mem_dup(buf_str(&out));
}

/* --- build --- */

/* NAME: VALUE, or - NAME=VALUE; a name alone has its value from outside. */
static void read_args(struct reading *r, const struct yaml *args, struct vars *out)
{
	const struct yaml *y;

	for (y = args != NULL ? args->child : NULL; y != NULL; y = y->next) {
		CLEANUP(mem_freep)
		char *value = value_of(r, y->text);
		const char *outside;

		if (args->kind == YAML_MAP && y->kind == YAML_SCALAR) {
			vars_set(out, y->key, value);
		} else if (args->kind == YAML_MAP) {
			vars_set(out, y->key, compose_value(r, y->key));
		} else if (value != NULL && strchr(value, '=') != NULL) {
			vars_set_pair(out, view_of(value));
		} else if (value != NULL) {
			outside = compose_value(r, value);
			if (outside != NULL)
				vars_set(out, value, outside);
		}
	}
}

/* Names that FROM may use for something else: NAME: WHAT, or - NAME=WHAT. */
static void read_contexts(struct reading *r, const struct yaml *list, const char *where,
			  struct vars *out)
{
	static const char image[] = "docker-image://";
	const struct yaml *y;

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
		const char *text = reading_text(y), *what = text;

		if (text == NULL)
			continue;
		if (list->kind == YAML_MAP) {
			vars_set(out, y->key, text);
		} else {
			what = strchr(text, '=');
			vars_set_pair(out, view_of(text));
			what = what != NULL ? what + 1 : "";
		}
		if (strncmp(what, image, strlen(image)) == 0)
			reading_tail(r, y, (size_t)(what - text) + strlen(image), where);
	}
}

static void read_inline(struct reading *r, const struct yaml *y, const char *where,
			const struct build *b)
{
	struct finds found = { 0 };
	struct dockerfile d = { .args = &b->args,
				.contexts = &b->contexts,
				.any_platform = true };
	struct reading inner = {
		.file = r->file, .text = view_of(y->text), .finds = &found, .e = r->e
	};

	dockerfile_read(&inner, &d);
	reading_inner(r, y, where, &found);
	finds_done(&found);
}

static void read_build(struct reading *r, const struct yaml *build, const char *service)
{
	CLEANUP(mem_freep)
	char *where = mem_fmt("services.%.100s.build", service);
	CLEANUP(mem_freep)
	char *more = mem_fmt("services.%.100s.build.additional_contexts", service);
	const struct yaml *inner = yaml_get(build, "dockerfile_inline");
	const char *written = build->kind == YAML_SCALAR
				      ? build->text
				      : reading_text(yaml_get(build, "context"));
	const char *named = reading_text(yaml_get(build, "dockerfile"));
	CLEANUP(mem_freep)
	char *context = value_of(r, written);
	CLEANUP(mem_freep)
	char *dockerfile = value_of(r, named);
	struct build b = { .where = where, .line = (unsigned)build->line };

	read_args(r, yaml_get(build, "args"), &b.args);
	read_contexts(r, yaml_get(build, "additional_contexts"), more, &b.contexts);
	b.context = context;
	b.dockerfile = named == NULL ? "Dockerfile" : dockerfile;
	if ((written != NULL && context == NULL) || b.dockerfile == NULL) {
		b.dockerfile = NULL;
		b.why = "a path with a variable that has no value";
	} else if (context != NULL && remote_is(context)) {
		b.dockerfile = NULL;
		b.why = "it is built from sources elsewhere";
	}
	if (reading_text(inner) != NULL)
		read_inline(r, inner, where, &b);
	else
		reading_build(r, b);
	vars_done(&b.args);
	vars_done(&b.contexts);
}

/* --- services --- */

static void read_volumes(struct reading *r, const struct yaml *volumes,
			 const char *service, struct expand *x)
{
	CLEANUP(mem_freep)
	char *where = mem_fmt("services.%.100s.volumes", service);
	const struct yaml *y;

	for (y = volumes != NULL ? volumes->child : NULL; y != NULL; y = y->next) {
		const char *type = reading_text(yaml_get(y, "type"));

		if (type != NULL && strcmp(type, "image") == 0)
			reading_expand(r, yaml_get(y, "source"), where, x);
	}
}

static void also(struct reading *r, const struct yaml *path)
{
	CLEANUP(mem_freep)
	char *value = value_of(r, reading_text(path));

	if (value != NULL && r->also != NULL && !remote_is(value))
		r->also(r->tree_arg, FIND_COMPOSE, value);
}

static void read_service(struct reading *r, const struct yaml *s)
{
	CLEANUP(mem_freep)
	char *where = mem_fmt("services.%.100s.image", s->key);
	const struct yaml *build = yaml_get(s, "build"), *image = yaml_get(s, "image");
	struct expand x = dialect(r);

	if (build != NULL && build->kind != YAML_NULL) {
		CLEANUP(mem_freep)
		char *name = value_of(r, reading_text(image));

		read_build(r, build, s->key);
		reading_made(r, name);
	} else {
		reading_expand(r, image, where, &x);
	}
	read_volumes(r, yaml_get(s, "volumes"), s->key, &x);
	also(r, reading_down(s, "extends", "file", NULL));
}

static void read_include(struct reading *r, const struct yaml *list)
{
	const struct yaml *y, *path, *one;

	for (y = list != NULL ? list->child : NULL; y != NULL; y = y->next) {
		path = y->kind == YAML_MAP ? yaml_get(y, "path") : y;
		also(r, path);
		if (path != NULL && path->kind == YAML_LIST)
			for (one = path->child; one != NULL; one = one->next)
				also(r, one);
	}
}

void compose_read(struct reading *r, const struct yaml *doc)
{
	const struct yaml *services = yaml_get(doc, "services"), *s;

	if (services != NULL && services->kind == YAML_MAP)
		for (s = services->child; s != NULL; s = s->next)
			read_service(r, s);
	read_include(r, yaml_get(doc, "include"));
}

bool compose_is(const struct yaml *doc)
{
	const struct yaml *services = yaml_get(doc, "services"), *s;

	if (services == NULL || services->kind != YAML_MAP)
		return false;
	for (s = services->child; s != NULL; s = s->next)
		if (reading_text(yaml_get(s, "image")) != NULL ||
		    yaml_get(s, "build") != NULL)
			return true;
	return false;
}

/* --- .env --- */

/* What stands after "=": in quotes, or up to a comment. */
static void set_line(struct reading *r, const char *name, struct view v)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(FIND_MAX_TEXT);
	CLEANUP(mem_freep)
	char *plain = NULL;
	struct expand x = dialect(r);
	const char *end;
	size_t i;

	v = view_trim(v);
	if (v.n > 0 && (v.p[0] == '\'' || v.p[0] == '"')) {
		end = memchr(v.p + 1, v.p[0], v.n - 1);
		if (end == NULL)
			return;
		plain = mem_dupn(v.p + 1, (size_t)(end - v.p) - 1);
	} else {
		for (i = 0; i < v.n; i++)
			if (v.p[i] == '#' &&
			    (i == 0 || v.p[i - 1] == ' ' || v.p[i - 1] == '\t'))
				v.n = i;
		v = view_trim(v);
		plain = mem_dupn(v.n > 0 ? v.p : "", v.n);
	}
	if (v.n > 0 && v.p[0] == '\'')
		vars_set(&r->beside, name, plain);
	else if (expand_text(&x, view_of(plain), &out, NULL) == 0)
		vars_set(&r->beside, name, buf_str(&out));
}

void compose_dotenv(struct reading *r, struct view text)
{
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n), *equals;
		struct view line = { text.p,
				     end != NULL ? (size_t)(end - text.p) : text.n };

		text.p += line.n + (end != NULL);
		text.n -= line.n + (end != NULL);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = view_trim(line);
		if (view_starts(line, "export ")) {
			line.p += 7;
			line.n -= 7;
		}
		equals = line.n > 0 && line.p[0] != '#' ? memchr(line.p, '=', line.n)
							: NULL;
		if (equals != NULL) {
			struct view name = view_trim(
				(struct view){ line.p, (size_t)(equals - line.p) });
			CLEANUP(mem_freep)
			char *copy = mem_dupn(name.p, name.n);

			line.n -= (size_t)(equals - line.p) + 1;
			set_line(r, copy, (struct view){ equals + 1, line.n });
		}
	}
}
