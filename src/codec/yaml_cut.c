/*
 * yaml_cut.c - cutting at markers. No state.
 */
#include "codec/yaml_cut.h"

#include <string.h>

static bool is_marker(struct view line, const char *marker)
{
	return view_starts(line, marker) &&
	       (line.n == 3 || line.p[3] == ' ' || line.p[3] == '\t' ||
		line.p[3] == '\r' || line.p[3] == '\n');
}

static bool is_comment(struct view line)
{
	line = view_trim(line);
	return line.n == 0 || line.p[0] == '#' || line.p[0] == '\r' || line.p[0] == '\n';
}

bool yaml_cut_next(struct view text, size_t *at, int *line, struct view *piece)
{
	bool begun = false, content = false, ended = false;
	size_t i = *at;

	while (i < text.n && !ended) {
		const char *p = text.p + i, *end = memchr(p, '\n', text.n - i);
		struct view row = { p, end != NULL ? (size_t)(end - p) + 1 : text.n - i };
		bool marker = is_marker(row, "---");

		if (marker && (begun || content))
			break;
		begun = begun || marker;
		ended = is_marker(row, "...");
		content = content ||
			  (!ended && !is_comment(row) && !(row.p[0] == '%' && !begun));
		i += row.n;
		++*line;
	}
	*piece = (struct view){ text.p + *at, i - *at };
	*at = i;
	return content;
}
