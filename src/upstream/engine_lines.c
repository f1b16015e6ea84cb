/*
 * engine_lines.c - moby's "jsonmessage": {"stream":...}, {"status":...,"id":...},
 * {"errorDetail":{"message":...},"error":...}, a line each.
 */
#include "upstream/engine_lines.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

void engine_lines_init(struct engine_lines *l, struct buf *said)
{
	*l = (struct engine_lines){ .line = BUF_INIT(ENGINE_LINE_MAX_BYTES),
				    .said = said };
}

void engine_lines_done(struct engine_lines *l)
{
	buf_done(&l->line);
}

enum err_kind engine_lines_kind(const char *message)
{
	static const struct {
		const char *words;
		enum err_kind kind;
	} known[] = {
		{ "toomanyrequests", ERR_BUSY },
		{ "429 Too Many", ERR_BUSY },
		{ "no space left", ERR_NO_SPACE },
		{ "manifest unknown", ERR_NOT_FOUND },
		{ "not found", ERR_NOT_FOUND },
		{ "No such image", ERR_NOT_FOUND },
		{ "no matching manifest", ERR_NOT_FOUND },
		{ "denied", ERR_DENIED },
		{ "unauthorized", ERR_DENIED },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcasestr(message, known[i].words) != NULL)
			return known[i].kind;
	return ERR_UPSTREAM;
}

static void set_failure(struct engine_lines *l, const char *message)
{
	l->failed = true;
	err_set(&l->why, engine_lines_kind(message), "%.300s", message);
}

static void add_said(struct engine_lines *l, const char *text)
{
	size_t n = strcspn(text, "\r\n"), i;
	char *p;

	if (n == 0 || l->said == NULL)
		return;
	p = buf_room(l->said, n + 1);
	if (p == NULL)
		return;
	for (i = 0; i < n; i++)
		p[i] = iscntrl((unsigned char)text[i]) ? ' ' : text[i];
	p[n] = '\n';
	buf_grew(l->said, n + 1);
}

static void take_line(struct engine_lines *l)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(buf_view(&l->line), NULL);
	const char *error = json_get_str(json_get(doc, "errorDetail"), "message");
	const char *text;

	buf_clear(&l->line);
	if (!json_is_object(doc))
		return;
	if (error == NULL)
		error = json_get_str(doc, "error");
	if (error != NULL && !l->failed)
		set_failure(l, error);
	text = json_get_str(doc, "stream");
	/* With an id it is about one layer, and one of very many. */
	if (text == NULL && json_get(doc, "id") == NULL)
		text = json_get_str(doc, "status");
	if (text != NULL && error == NULL)
		add_said(l, text);
}

int engine_lines_feed(struct engine_lines *l, const void *p, size_t n, struct err *e)
{
	const char *from = p, *end = from + n, *nl;

	while (from < end) {
		nl = memchr(from, '\n', (size_t)(end - from));
		if (buf_add(&l->line, from, (size_t)((nl ? nl : end) - from)) != 0)
			return err_set(e, ERR_UPSTREAM,
				       "the engine answers with a line of more than %u "
				       "bytes",
				       ENGINE_LINE_MAX_BYTES);
		if (nl == NULL)
			break;
		take_line(l);
		from = nl + 1;
	}
	return 0;
}

int engine_lines_end(struct engine_lines *l, struct err *e)
{
	if (l->line.n > 0)
		take_line(l);
	if (!l->failed)
		return 0;
	if (e != NULL)
		*e = l->why;
	return -1;
}
