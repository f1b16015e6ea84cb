/*
 * pem.c - PEM blocks, line by line.  Owns nothing.
 */
#include "codec/pem.h"

#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* The next line without its end, which *text loses. */
static bool take_line(struct view *text, struct view *line)
{
	const char *end;

	if (text->n == 0)
		return false;
	end = memchr(text->p, '\n', text->n);
	*line = (struct view){ text->p, end != NULL ? (size_t)(end - text->p) : text->n };
	text->p += line->n + (end != NULL);
	text->n -= line->n + (end != NULL);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool is_mark(struct view line, const char *mark, struct view *label)
{
	size_t before = strlen(mark), after = strlen(DASHES);

	if (!view_starts(line, mark) || line.n < before + after ||
	    memcmp(line.p + line.n - after, DASHES, after) != 0)
		return false;
	*label = (struct view){ line.p + before, line.n - before - after };
	return label->n > 0 && label->n < PEM_LABEL_MAX &&
	       memchr(label->p, '\0', label->n) == NULL;
}

static int find_begin(struct view *text, enum pem_rule rule, struct view *label,
		      struct err *e)
{
	struct view line;

	while (take_line(text, &line)) {
		if (is_mark(line, BEGIN, label))
			return 1;
		if (rule == PEM_EXACT && line.n > 0)
			return err_set(e, ERR_INVALID, "text around its PEM blocks");
	}
	return 0;
}

int pem_next(struct view *text, enum pem_rule rule, char label[PEM_LABEL_MAX],
	     struct buf *der, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(text->n + 1);
	struct view line, name = { NULL, 0 }, last = { NULL, 0 };
	int rc = find_begin(text, rule, &name, e);

	if (rc != 1)
		return rc;
	while (take_line(text, &line)) {
		if (!is_mark(line, END, &last)) {
			buf_add(&body, line.p, line.n);
			continue;
		}
		if (last.n != name.n || memcmp(last.p, name.p, name.n) != 0)
			break;
		memcpy(label, name.p, name.n);
		label[name.n] = '\0';
		buf_clear(der);
		if (body.n == 0)
			return err_set(e, ERR_INVALID, "an empty PEM block");
		return base64_decode_exact(buf_view(&body), der, e) == 0
			       ? 1
			       : err_add(e, "PEM block");
	}
	return err_set(e, ERR_INVALID, "a PEM block without its end");
}
