/*
 * yaml.c - from libyaml's events to a tree.
 *
 * A stack of open lists and maps, of fixed depth, stands for recursion.  Every node is
 * linked into the tree as soon as it exists, so that freeing the root after a failure
 * frees all but the key of an entry that has none yet, which its level holds.
 */
#include "codec/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/map.h"
#include "base/mem.h"
#include "codec/yaml_cut.h"

struct level {
	struct yaml *node;
	struct yaml **tail; /* where its next entry goes */
	char *key;	    /* of a map: read, its value not yet */
	int key_line;
	struct map *seen; /* of a map: its keys so far */
};

struct rules {
	size_t bytes, depth, nodes;
	bool foreign; /* as yaml_next says */
};

static const struct rules own_rules = { YAML_MAX_BYTES, YAML_MAX_DEPTH, YAML_MAX_NODES,
					false };
static const struct rules foreign_rules = { YAML_FOREIGN_MAX_BYTES,
					    YAML_FOREIGN_MAX_DEPTH,
					    YAML_FOREIGN_MAX_NODES, true };

/* libyaml counts characters. */
struct place {
	size_t characters, bytes;
};

struct builder {
	const struct rules *rules;
	struct view text;
	struct yaml *root;
	struct level level[YAML_FOREIGN_MAX_DEPTH];
	size_t depth; /* levels open */
	size_t nodes;
	size_t copied;
	struct map *anchor; /* foreign: names and the nodes that have them */
	struct place place;
	size_t at; /* of the text in what the caller has, and its lines before it */
	int line;
};

static int line_of(const struct builder *b, const yaml_event_t *ev)
{
	return b->line + (int)ev->start_mark.line + 1;
}

static int refuse(const struct builder *b, struct err *e, const yaml_event_t *ev,
		  const char *why)
{
	return err_set(e, ERR_INVALID, "line %d: %s", line_of(b, ev), why);
}

/* libyaml says where for all but bytes that are no characters; there we count. */
static int refuse_parser(const struct builder *b, struct err *e,
			 const yaml_parser_t *parser)
{
	struct view text = b->text;
	size_t line = parser->problem_mark.line + 1, i;
	size_t column = parser->problem_mark.column + 1;

	if (parser->error == YAML_READER_ERROR)
		for (line = column = 1, i = 0; i < text.n && i < parser->problem_offset;
		     i++) {
			column = text.p[i] == '\n' ? 1 : column + 1;
			line += text.p[i] == '\n';
		}
	return err_set(e, ERR_INVALID, "line %zu: %s (column %zu)",
		       line + (size_t)b->line,
		       parser->problem ? parser->problem : "not YAML", column);
}

static bool is_null(const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	return ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       ev->data.scalar.plain_implicit &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* Of a key that is there twice, the last counts. */
static void forget(struct yaml *y)
{
	free(y->key);
	y->key = mem_dup("");
	y->kind = YAML_NULL; /* what it holds stays: an alias may name it */
}

/* A scalar in the place of a key. */
static int take_key(struct builder *b, struct level *l, const yaml_event_t *ev,
		    struct err *e)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct yaml *before;

	if (ev->type != YAML_SCALAR_EVENT)
		return refuse(b, e, ev, "a key must be text");
	if (strlen(text) != ev->data.scalar.length)
		return refuse(b, e, ev, "a NUL in a key");
	before = map_get(l->seen, text);
	if (before != NULL && !b->rules->foreign)
		return err_set(e, ERR_INVALID, "line %d: '%.100s' is here twice",
			       line_of(b, ev), text);
	if (before != NULL)
		forget(before);
	l->key = mem_dup(text);
	l->key_line = line_of(b, ev);
	return 0;
}

/* Links y into the tree: the root, or the next entry of the innermost level. */
static void link_node(struct builder *b, struct yaml *y)
{
	struct level *l = b->depth > 0 ? &b->level[b->depth - 1] : NULL;

	if (l == NULL) {
		b->root = y;
		return;
	}
	if (l->key != NULL) {
		y->line = l->key_line;
		free(y->key);
		y->key = TAKE(l->key);
		/* Cannot be full: each key is a node at least. */
		map_put(l->seen, y->key, y);
	}
	*l->tail = y;
	l->tail = &y->next;
}

static struct yaml *add_node(struct builder *b, enum yaml_kind kind,
			     const yaml_event_t *ev, const yaml_char_t *tag,
			     const yaml_char_t *anchor)
{
	struct yaml *y = mem_alloc(sizeof(*y));

	y->kind = kind;
	y->line = line_of(b, ev);
	if (b->rules->foreign && tag != NULL && tag[0] == '!')
		y->tag = mem_dup((const char *)tag);
	link_node(b, y);
	if (b->anchor != NULL && anchor != NULL)
		map_put(b->anchor, (const char *)anchor, y);
	return y;
}

/* The byte at which a character stands. Only ever asked further on. */
static size_t byte_of(struct builder *b, size_t character)
{
	struct place *p = &b->place;

	while (p->characters < character && p->bytes < b->text.n) {
		p->bytes++;
		while (p->bytes < b->text.n && (b->text.p[p->bytes] & 0xc0) == 0x80)
			p->bytes++;
		p->characters++;
	}
	return p->bytes;
}

static void locate(struct builder *b, struct yaml *y, const yaml_event_t *ev)
{
	size_t n = strlen(y->text), start = byte_of(b, ev->start_mark.index);
	size_t end = byte_of(b, ev->end_mark.index);

	if (ev->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
	    ev->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		end -= end > start;
	if (ev->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
	    ev->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		return; /* lines of text */
	if (n == 0 || end < start + n || memcmp(b->text.p + end - n, y->text, n) != 0)
		return;
	y->at = b->at + end - n;
	y->len = n;
}

static int take_scalar(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct yaml *y;

	if (strlen(text) != ev->data.scalar.length)
		return refuse(b, e, ev, "a NUL in a value");
	y = add_node(b, is_null(ev) ? YAML_NULL : YAML_SCALAR, ev, ev->data.scalar.tag,
		     ev->data.scalar.anchor);
	if (y->kind == YAML_SCALAR) {
		y->text = mem_dup(text);
		locate(b, y, ev);
	}
	return 0;
}

static int open_level(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	bool is_map = ev->type == YAML_MAPPING_START_EVENT;
	struct yaml *y;

	if (b->depth >= b->rules->depth)
		return refuse(b, e, ev, "nested too deep");
	if (is_map)
		y = add_node(b, YAML_MAP, ev, ev->data.mapping_start.tag,
			     ev->data.mapping_start.anchor);
	else
		y = add_node(b, YAML_LIST, ev, ev->data.sequence_start.tag,
			     ev->data.sequence_start.anchor);
	b->level[b->depth++] = (struct level){
		.node = y,
		.tail = &y->child,
		.seen = is_map ? map_new(b->rules->nodes) : NULL,
	};
	return 0;
}

static void close_level(struct builder *b)
{
	struct level *l = &b->level[--b->depth];

	map_free(l->seen, NULL);
	free(l->key);
}

/* --- aliases --- */

/* NULL: over a limit. Recursion is as deep as the tree may be. */
static struct yaml *copy(struct builder *b, const struct yaml *from, size_t depth)
{
	size_t n = from->text != NULL ? strlen(from->text) : 0;
	struct yaml *y, **tail;

	n += from->key != NULL ? strlen(from->key) : 0;
	if (depth > b->rules->depth || ++b->nodes > b->rules->nodes ||
	    (b->copied += n) > YAML_FOREIGN_MAX_COPIED)
		return NULL;
	y = mem_alloc(sizeof(*y));
	*y = *from;
	y->next = y->child = NULL;
	y->key = mem_dup(from->key);
	y->text = mem_dup(from->text);
	y->tag = mem_dup(from->tag);
	tail = &y->child;
	for (from = from->child; from != NULL; from = from->next) {
		*tail = copy(b, from, depth + 1);
		if (*tail == NULL) {
			yaml_free(y);
			return NULL;
		}
		tail = &(*tail)->next;
	}
	return y;
}

static int take_alias(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct yaml *y = b->anchor != NULL ? map_get(b->anchor, name) : NULL;
	size_t i;

	if (b->anchor == NULL)
		return refuse(b, e, ev, "aliases (*name) are not supported");
	for (i = 0; i < b->depth; i++)
		if (b->level[i].node == y)
			y = NULL;
	if (y == NULL)
		return err_set(e, ERR_INVALID, "line %d: *%.100s stands for nothing",
			       line_of(b, ev), name);
	y = copy(b, y, b->depth);
	if (y == NULL)
		return refuse(b, e, ev, "aliases make it too large");
	free(y->key);
	y->key = NULL;
	link_node(b, y);
	return 0;
}

/* What "<<" brings: the entries of a map that are not here yet. */
static int merge(struct builder *b, const struct yaml *from)
{
	struct level *l = &b->level[b->depth - 1];

	if (from->kind != YAML_MAP)
		return 0;
	for (from = from->child; from != NULL; from = from->next) {
		struct yaml *y;

		if (from->key[0] == '\0' || strcmp(from->key, "<<") == 0 ||
		    map_get(l->seen, from->key) != NULL)
			continue;
		y = copy(b, from, b->depth);
		if (y == NULL)
			return -1;
		map_put(l->seen, y->key, y);
		*l->tail = y;
		l->tail = &y->next;
	}
	return 0;
}

static int end_level(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	struct level *l = &b->level[b->depth - 1];
	const struct yaml *from = NULL;
	int rc = 0;

	if (l->seen != NULL && b->rules->foreign)
		from = map_get(l->seen, "<<");
	if (from != NULL && from->kind == YAML_MAP)
		rc = merge(b, from);
	else if (from != NULL && from->kind == YAML_LIST)
		for (from = from->child; from != NULL && rc == 0; from = from->next)
			rc = merge(b, from);
	if (rc != 0)
		return refuse(b, e, ev, "aliases make it too large");
	close_level(b);
	return 0;
}

/* --- events --- */

static int take_node(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	struct level *l = b->depth > 0 ? &b->level[b->depth - 1] : NULL;

	if (ev->type == YAML_ALIAS_EVENT && b->anchor == NULL)
		return take_alias(b, ev, e);
	if (l != NULL && l->seen != NULL && l->key == NULL)
		return take_key(b, l, ev, e);
	if (ev->type == YAML_ALIAS_EVENT)
		return take_alias(b, ev, e);
	if (++b->nodes > b->rules->nodes)
		return refuse(b, e, ev, "too many entries");
	if (ev->type == YAML_SCALAR_EVENT)
		return take_scalar(b, ev, e);
	return open_level(b, ev, e);
}

static int take_event(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return take_node(b, ev, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end_level(b, ev, e);
	case YAML_DOCUMENT_START_EVENT:
		if (b->root != NULL)
			return refuse(b, e, ev, "a second document in one file");
		return 0;
	default:
		return 0;
	}
}

static int build(struct builder *b, yaml_parser_t *parser, struct err *e)
{
	yaml_event_type_t type;

	do {
		yaml_event_t ev;
		int rc;

		if (!yaml_parser_parse(parser, &ev))
			return refuse_parser(b, e, parser);
		type = ev.type;
		rc = take_event(b, &ev, e);
		yaml_event_delete(&ev);
		if (rc != 0)
			return -1;
	} while (type != YAML_STREAM_END_EVENT);
	return 0;
}

static struct yaml *parse(struct builder *b, struct err *e)
{
	struct view text = b->text;
	yaml_parser_t parser;
	int rc;

	if (text.n > b->rules->bytes) {
		err_set(e, ERR_INVALID, "YAML text is larger than %zu bytes",
			b->rules->bytes);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	if (b->rules->foreign)
		b->anchor = map_new(b->rules->nodes);
	rc = build(b, &parser, e);
	yaml_parser_delete(&parser);
	while (b->depth > 0)
		close_level(b);
	map_free(b->anchor, NULL);
	if (rc != 0) {
		yaml_free(b->root);
		return NULL;
	}
	if (b->root == NULL) {
		b->root = mem_alloc(sizeof(*b->root));
		b->root->line = b->line + 1;
	}
	return b->root;
}

struct yaml *yaml_parse(struct view text, struct err *e)
{
	struct builder b = { .rules = &own_rules, .text = text };

	return parse(&b, e);
}

int yaml_next(struct yaml_reader *r, struct yaml **out, struct err *e)
{
	while (r->at < r->text.n) {
		struct builder b = { .rules = &foreign_rules,
				     .at = r->at,
				     .line = r->line };

		if (!yaml_cut_next(r->text, &r->at, &r->line, &b.text))
			continue;
		*out = parse(&b, e);
		return *out != NULL ? 1 : -1;
	}
	return 0;
}

/* Recursion is as deep as the tree, at most YAML_FOREIGN_MAX_DEPTH
 * levels. */
void yaml_free(struct yaml *y)
{
	while (y != NULL) {
		struct yaml *next = y->next;

		yaml_free(y->child);
		free(y->key);
		free(y->text);
		free(y->tag);
		free(y);
		y = next;
	}
}

void yaml_freep(struct yaml **y)
{
	yaml_free(*y);
	*y = NULL;
}

struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	struct yaml *y;

	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (y = map->child; y != NULL; y = y->next)
		if (strcmp(y->key, key) == 0)
			return y;
	return NULL;
}
