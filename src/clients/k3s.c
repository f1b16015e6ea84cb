/*
 * k3s.c - k3s and RKE2: registries.yaml.
 *
 * Lines are put under "mirrors:" and, for an authority's certificate, under "configs:".
 * Where somebody else has written such a key our block stands directly below it, with the
 * indentation of what follows; else the key is part of the block.  What comes out is read
 * as YAML again before it is given away, since lines of ours must not change what the
 * lines of others mean.
 */
#include <string.h>

#include "base/mem.h"
#include "clients/block.h"
#include "clients/client.h"
#include "codec/yaml.h"

#define INDENT_MAX 40

/* Where the line of this number (from 1) begins. */
static size_t line_start(struct view text, int line)
{
	size_t at = 0;

	while (line > 1 && at < text.n)
		line -= text.p[at++] == '\n';
	return at;
}

static int not_blocks(const struct yaml *key, struct err *e)
{
	return err_set(
		e, ERR_INVALID,
		"line %d: \"%s\" is not written as indented lines, so that none can "
		"be put below it",
		key->line, key->key);
}

/* Where to put entries below this key, and how far in. */
static int below(struct view text, const struct yaml *key, size_t *place,
		 char indent[INDENT_MAX + 1], struct err *e)
{
	size_t at, n = 0;

	if ((key->kind != YAML_MAP && key->kind != YAML_NULL) ||
	    (key->child != NULL && key->child->line == key->line))
		return not_blocks(key, e);
	*place = line_start(text, key->line + 1);
	memcpy(indent, "  ", 3);
	if (key->kind == YAML_NULL || key->child == NULL) {
		/* "mirrors: {}" and "mirrors: ~" leave no room below */
		at = line_start(text, key->line);
		while (at < text.n && text.p[at] != ':' && text.p[at] != '\n')
			at++;
		while (++at < text.n && strchr("\n#", text.p[at]) == NULL)
			if (strchr(" \t\r", text.p[at]) == NULL)
				return not_blocks(key, e);
		return 0;
	}
	at = line_start(text, key->child->line);
	while (at + n < text.n && text.p[at + n] == ' ' && n < INDENT_MAX)
		n++;
	if (n == 0 || n == INDENT_MAX)
		return not_blocks(key, e);
	memcpy(indent, text.p + at, n);
	indent[n] = '\0';
	return 0;
}

static int mirror_lines(const struct wish *w, const char *indent, struct buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < w->n && rc == 0; i++)
		rc = buf_addf(out, "%s\"%s\":\n%s  endpoint:\n%s    - \"%s\"\n", indent,
			      w->registry[i], indent, indent, w->url);
	return rc;
}

static int config_lines(const struct wish *w, const char *indent, struct buf *out)
{
	return buf_addf(out, "%s\"%s\":\n%s  tls:\n%s    ca_file: \"%s\"\n", indent,
			w->host, indent, indent, w->ca);
}

/* One of the two keys: text with a block for it. */
static int add_section(struct view text, const char *key, const struct wish *w,
		       int (*lines)(const struct wish *w, const char *indent,
				    struct buf *out),
		       struct buf *out, struct err *e)
{
	CLEANUP(yaml_freep)
	struct yaml *doc = yaml_parse(text, e);
	CLEANUP(buf_done)
	struct buf inner = BUF_INIT(CLIENT_MAX_BYTES);
	char indent[INDENT_MAX + 1] = "";
	struct yaml *there;
	size_t place = text.n;

	if (doc == NULL)
		return -1;
	if (doc->kind != YAML_MAP && doc->kind != YAML_NULL)
		return err_set(e, ERR_INVALID, "line %d: this is no registries.yaml",
			       doc->line);
	there = yaml_get(doc, key);
	if (there != NULL && below(text, there, &place, indent, e) != 0)
		return -1;
	if (buf_add(out, text.p, place) != 0 ||
	    (place > 0 && text.p[place - 1] != '\n' && buf_adds(out, "\n") != 0) ||
	    (there == NULL && buf_addf(&inner, "%s:\n", key) != 0) ||
	    lines(w, there == NULL ? "  " : "", &inner) != 0 ||
	    block_wrap(out, "k3s", indent, buf_view(&inner)) != 0 ||
	    buf_add(out, text.p + place, text.n - place) != 0)
		return client_too_large(e);
	return 0;
}

static int check(const struct yaml *doc, const struct wish *w, struct err *e)
{
	const struct yaml *mirrors = yaml_get(doc, "mirrors"), *y;
	const struct yaml *config = yaml_get(yaml_get(doc, "configs"), w->host);

	for (y = mirrors != NULL && mirrors->kind == YAML_MAP ? mirrors->child : NULL;
	     y != NULL; y = y->next)
		if (wish_has(w, view_of(y->key)) || strcmp(y->key, "*") == 0)
			return err_set(
				e, ERR_INVALID,
				"line %d: \"%s\" has mirrors already, not larder's; "
				"put it among their endpoints, or name the other "
				"registries with --registry",
				y->line, y->key);
	if (w->ca != NULL && config != NULL)
		return err_set(
			e, ERR_INVALID,
			"line %d: \"%s\" is configured already, not by larder; put "
			"ca_file into its tls",
			config->line, w->host);
	return 0;
}

/* Lines of others that stand after ours may have become part of a key of ours. Without it
 * they would be read as something else. */
static int same_tops(const struct yaml *now, const struct yaml *without, struct err *e)
{
	const struct yaml *y;

	for (y = without->kind == YAML_MAP ? without->child : NULL; y != NULL;
	     y = y->next)
		if (yaml_get(now, y->key) == NULL)
			return err_set(
				e, ERR_INVALID,
				"\"%s\" stands below a key that larder wrote and would "
				"lose it; write that key (\"mirrors:\") above larder's "
				"lines yourself",
				y->key);
	return 0;
}

/* The text without our blocks, proved to mean the same without. */
static int strip(struct view now, struct buf *out, struct err *e)
{
	CLEANUP(yaml_freep)
	struct yaml *with = yaml_parse(now, e), *without = NULL;
	size_t found;

	if (with == NULL || block_strip(now, out, &found, e) != 0)
		return -1;
	if (found == 0)
		return 0;
	without = yaml_parse(buf_view(out), e);
	if (without == NULL)
		return err_add(e, "without larder's lines");
	return same_tops(with, without, e);
}

/* The new text says what is wanted. */
static int prove(struct view text, const struct wish *w, struct err *e)
{
	CLEANUP(yaml_freep)
	struct yaml *doc = yaml_parse(text, e);
	const struct yaml *mirrors = yaml_get(doc, "mirrors"), *first;

	if (doc == NULL)
		return err_add(e, "with larder's lines in it the file would be broken");
	for (size_t i = 0; i < w->n; i++) {
		first = yaml_get(yaml_get(mirrors, w->registry[i]), "endpoint");
		first = first != NULL ? first->child : NULL;
		if (first == NULL || first->kind != YAML_SCALAR ||
		    strcmp(first->text, w->url) != 0)
			return err_set(e, ERR_INVALID,
				       "lines put in would not mean what they should");
	}
	return 0;
}

static int add(const struct client_text *t, const struct wish *w, struct buf *out,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf rest = BUF_INIT(CLIENT_MAX_BYTES), first = BUF_INIT(CLIENT_MAX_BYTES);
	CLEANUP(yaml_freep)
	struct yaml *doc = NULL;

	if (strip(t->now, &rest, e) != 0)
		return -1;
	doc = yaml_parse(buf_view(&rest), e);
	if (doc == NULL)
		return -1;
	if (check(doc, w, e) != 0)
		return -1;
	if (w->ca == NULL) {
		if (add_section(buf_view(&rest), "mirrors", w, mirror_lines, out, e) != 0)
			return -1;
	} else if (add_section(buf_view(&rest), "mirrors", w, mirror_lines, &first, e) !=
			   0 ||
		   add_section(buf_view(&first), "configs", w, config_lines, out, e) !=
			   0) {
		return -1;
	}
	return prove(buf_view(out), w, e);
}

static int take(const struct client_text *t, const struct wish *w, struct buf *out,
		struct err *e)
{
	CLEANUP(buf_done)
	struct buf proved = BUF_INIT(CLIENT_MAX_BYTES);

	return strip(t->now, &proved, e) == 0 ? client_take_block(t, w, out, e) : -1;
}

static int after(const struct wish *w, const struct client_place *place, bool undo,
		 struct buf *out)
{
	return buf_addf(out, "k3s reads this when it starts: systemctl restart k3s, on "
			     "every node (k3s-agent on agents;\n"
			     "RKE2: /etc/rancher/rke2/registries.yaml with --path, and "
			     "rke2-server, rke2-agent).\n");
}

const struct client k3s_client = {
	.name = "k3s",
	.title = "k3s and RKE2",
	.path = "/etc/rancher/k3s/registries.yaml",
	.comments = true,
	.add = add,
	.take = take,
	.after = after,
};
