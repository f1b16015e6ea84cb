/*
 * json.c - jansson behind our own type: a `struct json *` is a json_t in disguise.
 *
 * The text is scanned once before jansson sees it, because jansson recurses per level and
 * allocates up to 200 bytes for a value that took two to write: depth and number of
 * values are bounded there.  Reading never touches a reference count, hence any number of
 * readers.
 */
#include "codec/json.h"

#include <string.h>

#include <jansson.h>

/* jansson has macros of these names. */
#undef json_is_object
#undef json_is_array
#undef json_is_null
#undef json_is_true

struct place {
	size_t line, column;
};

static int refuse(struct err *e, struct place at, const char *why)
{
	return err_set(e, ERR_INVALID, "not usable JSON: line %zu, column %zu: %s",
		       at.line, at.column, why);
}

/* Where a string that begins at i ends: the index of its closing quote, or n. */
static size_t skip_string(struct view text, size_t i)
{
	for (i++; i < text.n && text.p[i] != '"'; i++)
		if (text.p[i] == '\\')
			i++;
	return i < text.n ? i : text.n;
}

/* Agrees with jansson about what is a string up to the first error, where jansson stops.
 */
static int check_size(struct view text, struct err *e)
{
	size_t i, depth = 0, values = 1, line_start = 0;
	struct place at = { 1, 0 };

	for (i = 0; i < text.n; i++) {
		char c = text.p[i];

		at.column = i - line_start + 1;
		if (c == '"') {
			i = skip_string(text, i);
		} else if (c == '\n') {
			at.line++;
			line_start = i + 1;
		} else if (c == '{' || c == '[') {
			values++;
			if (++depth > JSON_MAX_DEPTH)
				return refuse(e, at, "nested too deep");
		} else if (c == ',') {
			values++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
		if (values > JSON_MAX_VALUES)
			return refuse(e, at, "too many values");
	}
	return 0;
}

struct json *json_parse(struct view text, struct err *e)
{
	json_error_t why;
	json_t *doc;
	char *near;

	if (check_size(text, e) != 0)
		return NULL;
	doc = json_loadb(text.n ? text.p : "", text.n,
			 JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (doc != NULL)
		return (struct json *)doc;
	/* What follows is a piece of the text, and the text may hold a credential. */
	near = strstr(why.text, " near '");
	if (near != NULL)
		*near = '\0';
	refuse(e,
	       (struct place){ why.line > 0 ? (size_t)why.line : 1,
			       why.column > 0 ? (size_t)why.column : 0 },
	       why.text);
	return NULL;
}

void json_free(struct json *doc)
{
	json_decref((json_t *)doc);
}

void json_freep(struct json **doc)
{
	json_free(*doc);
	*doc = NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
	return (const struct json *)json_object_get((const json_t *)object, key);
}

size_t json_len(const struct json *array)
{
	return json_array_size((const json_t *)array);
}

const struct json *json_at(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get((const json_t *)array, i);
}

const char *json_str(const struct json *v)
{
	return json_string_value((const json_t *)v);
}

const char *json_get_str(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

bool json_get_int(const struct json *object, const char *key, int64_t *out)
{
	const json_t *v = (const json_t *)json_get(object, key);

	if (!json_is_integer(v))
		return false;
	*out = json_integer_value(v);
	return true;
}

static bool has_type(const struct json *v, json_type type)
{
	return v != NULL && json_typeof((const json_t *)v) == type;
}

bool json_get_bool(const struct json *object, const char *key, bool *out)
{
	const struct json *v = json_get(object, key);

	if (!has_type(v, JSON_TRUE) && !has_type(v, JSON_FALSE))
		return false;
	*out = has_type(v, JSON_TRUE);
	return true;
}

bool json_is_object(const struct json *v)
{
	return has_type(v, JSON_OBJECT);
}

bool json_is_array(const struct json *v)
{
	return has_type(v, JSON_ARRAY);
}

bool json_is_true(const struct json *v)
{
	return has_type(v, JSON_TRUE);
}

bool json_is_null(const struct json *v)
{
	return has_type(v, JSON_NULL);
}

bool json_each(const struct json *object, void **at, const char **key,
	       const struct json **value)
{
	json_t *o = (json_t *)object;

	*at = *at ? json_object_iter_next(o, *at) : json_object_iter(o);
	if (*at == NULL)
		return false;
	*key = json_object_iter_key(*at);
	*value = (const struct json *)json_object_iter_value(*at);
	return true;
}

int json_quote(struct buf *out, const char *s)
{
	return buf_adds(out, "\"") != 0 || buf_add_json(out, s, strlen(s)) != 0
		       ? -1
		       : buf_adds(out, "\"");
}

static int add_piece(const char *p, size_t n, void *arg)
{
	return buf_add(arg, p, n);
}

int json_write(struct buf *out, const struct json *v)
{
	size_t before = out->n;

	if (json_dump_callback((const json_t *)v, add_piece, out,
			       JSON_COMPACT | JSON_ENCODE_ANY) == 0)
		return 0;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return -1;
}
