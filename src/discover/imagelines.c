/*
 * imagelines.c - lines of a list as finds. No state.
 */
#include "discover/imagelines.h"

#include <string.h>

#include "base/mem.h"
#include "oci/imagelist.h"

/* The line that l is about to read, without comment and ends. */
static struct view next_text(struct view text)
{
	const char *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
	size_t i;

	if (end != NULL)
		text.n = (size_t)(end - text.p);
	for (i = 0; i < text.n; i++)
		if (text.p[i] == '#' &&
		    (i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '\t'))
			text.n = i;
	while (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	return view_trim(text);
}

static void add(struct reading *r, const struct imagelist_entry *entry, struct view line)
{
	char image[IMAGEREF_TEXT_MAX], platform[100] = "";
	struct find f = { .where = "", .platform = platform, .line = entry->line };
	CLEANUP(mem_freep)
	char *text = NULL;
	size_t i;

	while (view_starts(line, "--"))
		view_word(&line);
	line = view_trim(line);
	text = mem_dupn(line.p, line.n);
	f.text = text;
	f.off = (size_t)(line.p - r->text.p);
	f.len = line.n;
	imageref_text(&entry->image, image);
	for (i = 0; i == 0 || i < entry->nplatforms; i++) {
		if (entry->nplatforms > 0)
			platform_text(&entry->platform[i], platform);
		/* As it is written, where that is all there is to it. */
		reading_add(r, f, memchr(text, '$', line.n) == NULL ? text : image);
	}
}

void imagelines_read(struct reading *r)
{
	struct imagelist l = { .text = r->text, .variable = r->variable, .arg = r->arg };
	struct imagelist_entry entry;
	struct err why = { 0 };

	for (;;) {
		struct view before = l.text, line;
		unsigned from = l.line;
		int rc = imagelist_next(&l, &entry, &why);

		if (rc == 0 || r->rc != 0)
			return;
		/* Comments before it were passed over. */
		for (; from + 1 < l.line; from++) {
			const char *end = memchr(before.p, '\n', before.n);

			before.n -= (size_t)(end + 1 - before.p);
			before.p = end + 1;
		}
		line = next_text(before);
		if (rc > 0) {
			add(r, &entry, line);
		} else {
			CLEANUP(mem_freep)
			char *text = mem_dupn(line.n > 0 ? line.p : "", line.n);
			struct find f = {
				.where = "", .text = text, .why = why.msg, .line = l.line
			};

			f.off = (size_t)(line.p - r->text.p);
			reading_add(r, f, NULL);
		}
	}
}
