/*
 * jsontext.c - where things stand in JSON that codec/json has found right.
 *
 * codec/json says what the values are; the scans here only say where they begin and end,
 * and can trust the text, since it has been parsed.
 */
#include "clients/jsontext.h"

#include <string.h>

#include "base/mem.h"
#include "clients/client.h"
#include "codec/json.h"

struct span {
	size_t start, end;
};

/* The member and its list in a text. */
struct list {
	struct view text;
	struct json *doc;
	const struct json *array; /* NULL: no such member */
	struct span member;	  /* from its key's quote to its value's end */
	size_t inside;		  /* just after the [ */
};

static void list_done(struct list *l)
{
	json_free(l->doc);
}

static size_t skip_space(struct view t, size_t i)
{
	while (i < t.n && strchr(" \t\r\n", t.p[i]) != NULL && t.p[i] != '\0')
		i++;
	return i;
}

/* To behind the string that begins at i. */
static size_t skip_string(struct view t, size_t i)
{
	for (i++; i < t.n && t.p[i] != '"'; i++)
		if (t.p[i] == '\\')
			i++;
	return i + 1;
}

/* To behind the value that begins at i. */
static size_t skip_value(struct view t, size_t i)
{
	size_t depth = 0;

	while (i < t.n) {
		char c = t.p[i];

		if (c == '"') {
			i = skip_string(t, i);
			if (depth == 0)
				return i;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']') {
			if (depth == 0) /* of what the value stands in */
				return i;
			if (--depth == 0)
				return i + 1;
		} else if (depth == 0 && strchr(", \t\r\n", c) != NULL) {
			return i;
		}
		i++;
	}
	return i;
}

static size_t after_brace(struct view t)
{
	return skip_space(t, 0) + 1;
}

/* False: it is not written there as it is (it may be, with escapes). */
static bool find_member(struct list *l, const char *key)
{
	struct view t = l->text;
	size_t i = skip_space(t, after_brace(t));

	while (i < t.n && t.p[i] == '"') {
		size_t end = skip_string(t, i), value;
		struct view name = { t.p + i + 1, end - i - 2 };

		value = skip_space(t, skip_space(t, end) + 1);
		l->member = (struct span){ i, skip_value(t, value) };
		l->inside = value + 1;
		if (view_is(name, key))
			return true;
		i = skip_space(t, l->member.end);
		if (i < t.n && t.p[i] == ',')
			i = skip_space(t, i + 1);
	}
	return false;
}

static int list_find(struct list *l, struct view text, const char *key, struct err *e)
{
	size_t i;

	*l = (struct list){ .text = text, .doc = json_parse(text, e) };
	if (l->doc == NULL)
		return -1;
	if (!json_is_object(l->doc))
		return err_set(e, ERR_INVALID, "there is no JSON object ({...}) in it");
	l->array = json_get(l->doc, key);
	if (l->array == NULL)
		return 0;
	for (i = 0; i < json_len(l->array); i++)
		if (json_str(json_at(l->array, i)) == NULL)
			break;
	if (!json_is_array(l->array) || i < json_len(l->array))
		return err_set(e, ERR_INVALID, "\"%s\" in it is no list of texts", key);
	if (!find_member(l, key))
		return err_set(e, ERR_INVALID,
			       "\"%s\" is written with escapes in it; write it plainly",
			       key);
	return 0;
}

/* Where the i-th text of the list stands. */
static struct span nth(const struct list *l, size_t i)
{
	size_t at = skip_space(l->text, l->inside);

	while (i-- > 0)
		at = skip_space(l->text,
				skip_space(l->text, skip_string(l->text, at)) + 1);
	return (struct span){ at, skip_string(l->text, at) };
}

/* The first that is meant; json_len(l->array) when there is none. */
static size_t find(const struct list *l, const char *wanted, jsontext_same *same)
{
	size_t i, n = json_len(l->array);

	for (i = 0; i < n; i++)
		if (same(json_str(json_at(l->array, i)), wanted))
			break;
	return i;
}

static int add(struct buf *out, struct view text, size_t from, size_t to, struct err *e)
{
	return buf_add(out, text.p + from, to - from) == 0 ? 0 : client_too_large(e);
}

/* With `space` of the text (what stood before the first entry) between two entries. */
static int add_space(struct buf *out, struct view text, size_t from, size_t to,
		     struct err *e)
{
	if (memchr(text.p + from, '\n', to - from) != NULL)
		return add(out, text, from, to, e);
	return buf_adds(out, " ") == 0 ? 0 : client_too_large(e);
}

static int add_quoted(struct buf *out, const char *s, struct err *e)
{
	return json_quote(out, s) == 0 ? 0 : client_too_large(e);
}

static int make_member(struct view text, const char *key, const char *wanted,
		       struct buf *out, struct err *e)
{
	size_t brace = after_brace(text), first = skip_space(text, brace);
	bool is_empty = text.p[first] == '}';

	if (add(out, text, 0, brace, e) != 0)
		return -1;
	if (is_empty)
		return buf_addf(out, "\n  \"%s\": [", key) == 0 &&
				       json_quote(out, wanted) == 0 &&
				       buf_adds(out, "]\n") == 0
			       ? add(out, text, first, text.n, e)
			       : client_too_large(e);
	if (add(out, text, brace, first, e) != 0 ||
	    buf_addf(out, "\"%s\": [", key) != 0 || json_quote(out, wanted) != 0 ||
	    buf_adds(out, "],") != 0)
		return client_too_large(e);
	return add_space(out, text, brace, first, e) == 0
		       ? add(out, text, first, text.n, e)
		       : -1;
}

/* Without the i-th of several entries. */
static int cut_entry(const struct list *l, size_t i, struct buf *out, struct err *e)
{
	struct span gone = nth(l, i);

	if (i + 1 < json_len(l->array))
		gone.end = nth(l, i + 1).start;
	else
		gone.start = nth(l, i - 1).end;
	return add(out, l->text, 0, gone.start, e) == 0
		       ? add(out, l->text, gone.end, l->text.n, e)
		       : -1;
}

static int cut_member(const struct list *l, struct buf *out, struct err *e)
{
	struct view t = l->text;
	struct span gone = l->member;
	size_t next = skip_space(t, gone.end), brace = after_brace(t);

	if (t.p[next] == ',') {
		gone.end = skip_space(t, next + 1);
	} else {
		while (gone.start > brace && t.p[gone.start - 1] != ',')
			gone.start--;
		if (gone.start > brace) /* the comma, too */
			gone.start--;
		else /* it was alone */
			gone.end = next;
	}
	return add(out, t, 0, gone.start, e) == 0 ? add(out, t, gone.end, t.n, e) : -1;
}

int jsontext_put_first(struct view text, const char *key, const char *wanted,
		       jsontext_same *same, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf without = BUF_INIT(CLIENT_MAX_BYTES);
	CLEANUP(list_done)
	struct list l = { 0 };
	struct view rest = text; /* without wanted */
	size_t n, i, first;

	if (list_find(&l, text, key, e) != 0)
		return -1;
	if (l.array == NULL)
		return make_member(text, key, wanted, out, e);
	n = json_len(l.array);
	i = find(&l, wanted, same);
	if (i == 0 && n > 0)
		return add(out, text, 0, text.n, e);
	if (i < n) {
		if (cut_entry(&l, i, &without, e) != 0)
			return -1;
		rest = buf_view(&without); /* up to there nothing has moved */
	}
	first = skip_space(rest, l.inside);
	if (add(out, rest, 0, n > 0 ? first : l.inside, e) != 0 ||
	    add_quoted(out, wanted, e) != 0)
		return -1;
	if (n > 0 &&
	    (buf_adds(out, ",") != 0 || add_space(out, rest, l.inside, first, e) != 0))
		return client_too_large(e);
	return add(out, rest, first, rest.n, e);
}

int jsontext_take(struct view text, const char *key, const char *wanted,
		  jsontext_same *same, struct buf *out, struct err *e)
{
	CLEANUP(list_done)
	struct list l = { 0 };
	size_t i;

	if (list_find(&l, text, key, e) != 0)
		return -1;
	i = find(&l, wanted, same);
	if (i == json_len(l.array))
		return add(out, text, 0, text.n, e);
	if (json_len(l.array) == 1)
		return cut_member(&l, out, e);
	return cut_entry(&l, i, out, e);
}

int jsontext_has(struct view text, const char *key, const char *wanted,
		 jsontext_same *same, struct err *e)
{
	CLEANUP(list_done)
	struct list l = { 0 };

	if (list_find(&l, text, key, e) != 0)
		return -1;
	return find(&l, wanted, same) < json_len(l.array);
}

bool jsontext_is_empty(struct view text)
{
	size_t i = skip_space(text, 0);

	if (i == text.n)
		return true;
	i = skip_space(text, i + 1);
	return i < text.n && text.p[i] == '}';
}
