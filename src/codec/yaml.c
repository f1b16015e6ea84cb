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

struct level {
	struct yaml *node;
	struct yaml **tail; /* where its next entry goes */
	char *key;	    /* of a map: read, its value not yet */
	int key_line;
	struct map *seen; /* of a map: its keys so far */
};

struct builder {
	struct yaml *root;
	struct level level[YAML_MAX_DEPTH];
	size_t depth; /* levels open */
	size_t nodes;
};

static int refuse(struct err *e, const yaml_event_t *ev, const char *why)
{
	return err_set(e, ERR_INVALID, "line %zu: %s", ev->start_mark.line + 1, why);
}

/* libyaml says where for all but bytes that are no characters; there we count. */
static int refuse_parser(struct err *e, const yaml_parser_t *parser, struct view text)
{
	size_t line = parser->problem_mark.line + 1, i;
	size_t column = parser->problem_mark.column + 1;

	if (parser->error == YAML_READER_ERROR)
		for (line = column = 1, i = 0; i < text.n && i < parser->problem_offset;
		     i++) {
			column = text.p[i] == '\n' ? 1 : column + 1;
			line += text.p[i] == '\n';
		}
	return err_set(e, ERR_INVALID, "line %zu: %s (column %zu)", line,
		       parser->problem ? parser->problem : "not YAML", column);
}

static bool is_null(const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	return ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       ev->data.scalar.plain_implicit &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* A scalar in the place of a key. */
static int take_key(struct level *l, const yaml_event_t *ev, struct err *e)
{
	const char *text = (const char *)ev->data.scalar.value;

	if (ev->type != YAML_SCALAR_EVENT)
		return refuse(e, ev, "a key must be text");
	if (strlen(text) != ev->data.scalar.length)
		return refuse(e, ev, "a NUL in a key");
	if (map_get(l->seen, text) != NULL)
		return err_set(e, ERR_INVALID, "line %zu: '%.100s' is here twice",
			       ev->start_mark.line + 1, text);
	map_put(l->seen, text, l); /* cannot be full: each key is a node at least */
	l->key = mem_dup(text);
	l->key_line = (int)ev->start_mark.line + 1;
	return 0;
}

/* A new node in its place: the root, or the next entry of the innermost level. */
static struct yaml *add_node(struct builder *b, enum yaml_kind kind,
			     const yaml_event_t *ev)
{
	struct yaml *y = mem_alloc(sizeof(*y));
	struct level *l = b->depth > 0 ? &b->level[b->depth - 1] : NULL;

	y->kind = kind;
	y->line = (int)ev->start_mark.line + 1;
	if (l == NULL) {
		b->root = y;
		return y;
	}
	if (l->key != NULL) {
		y->line = l->key_line;
		y->key = TAKE(l->key);
	}
	*l->tail = y;
	l->tail = &y->next;
	return y;
}

static int take_scalar(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	const char *text = (const char *)ev->data.scalar.value;

	if (strlen(text) != ev->data.scalar.length)
		return refuse(e, ev, "a NUL in a value");
	if (is_null(ev))
		add_node(b, YAML_NULL, ev);
	else
		add_node(b, YAML_SCALAR, ev)->text = mem_dup(text);
	return 0;
}

static int open_level(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	bool is_map = ev->type == YAML_MAPPING_START_EVENT;
	struct yaml *y;

	if (b->depth >= YAML_MAX_DEPTH)
		return refuse(e, ev, "nested too deep");
	y = add_node(b, is_map ? YAML_MAP : YAML_LIST, ev);
	b->level[b->depth++] = (struct level){
		.node = y,
		.tail = &y->child,
		.seen = is_map ? map_new(YAML_MAX_NODES) : NULL,
	};
	return 0;
}

static void close_level(struct builder *b)
{
	struct level *l = &b->level[--b->depth];

	map_free(l->seen, NULL);
	free(l->key);
}

static int take_node(struct builder *b, const yaml_event_t *ev, struct err *e)
{
	struct level *l = b->depth > 0 ? &b->level[b->depth - 1] : NULL;

	if (ev->type == YAML_ALIAS_EVENT)
		return refuse(e, ev, "aliases (*name) are not supported");
	if (l != NULL && l->seen != NULL && l->key == NULL)
		return take_key(l, ev, e);
	if (++b->nodes > YAML_MAX_NODES)
		return refuse(e, ev, "too many entries");
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
		close_level(b);
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (b->root != NULL)
			return refuse(e, ev, "a second document in one file");
		return 0;
	default:
		return 0;
	}
}

static int build(struct builder *b, yaml_parser_t *parser, struct view text,
		 struct err *e)
{
	yaml_event_type_t type;

	do {
		yaml_event_t ev;
		int rc;

		if (!yaml_parser_parse(parser, &ev))
			return refuse_parser(e, parser, text);
		type = ev.type;
		rc = take_event(b, &ev, e);
		yaml_event_delete(&ev);
		if (rc != 0)
			return -1;
	} while (type != YAML_STREAM_END_EVENT);
	return 0;
}

struct yaml *yaml_parse(struct view text, struct err *e)
{
	struct builder b = { 0 };
	yaml_parser_t parser;
	int rc;

	if (text.n > YAML_MAX_BYTES) {
		err_set(e, ERR_INVALID, "YAML text is larger than %d bytes",
			YAML_MAX_BYTES);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	rc = build(&b, &parser, text, e);
	yaml_parser_delete(&parser);
	while (b.depth > 0)
		close_level(&b);
	if (rc != 0) {
		yaml_free(b.root);
		return NULL;
	}
	if (b.root == NULL) {
		b.root = mem_alloc(sizeof(*b.root));
		b.root->line = 1;
	}
	return b.root;
}

/* Recursion is as deep as the tree, YAML_MAX_DEPTH levels. */
void yaml_free(struct yaml *y)
{
	while (y != NULL) {
		struct yaml *next = y->next;

		yaml_free(y->child);
		free(y->key);
		free(y->text);
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
