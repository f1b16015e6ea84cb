/* trust/cvss: any text as a vector. A score is from 0 to 100, and the same in whatever
 * order the metrics are. */
#include "fuzz.h"

#include <stdio.h>

#include "base/mem.h"
#include "trust/cvss.h"

#define MAX_TEXT 300

/* The metrics from the last to the first, behind the version where there is one. */
static void turn(const char *text, char out[MAX_TEXT])
{
	size_t head = strncmp(text, "CVSS:", 5) == 0 ? strcspn(text, "/") : 0;
	const char *end = text + strlen(text), *from;
	size_t n;

	head += head > 0 && text[head] == '/';
	n = (size_t)snprintf(out, MAX_TEXT, "%.*s", (int)head, text);
	end -= end > text + head && end[-1] == '/'; /* a last one is allowed */
	for (; end > text + head; end = from > text + head ? from - 1 : from) {
		from = end;
		while (from > text + head && from[-1] != '/')
			from--;
		n += (size_t)snprintf(out + n, MAX_TEXT - n, "%.*s%s", (int)(end - from),
				      from, from > text + head ? "/" : "");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MAX_TEXT], turned[MAX_TEXT];
	int score;

	snprintf(text, sizeof(text), "%.*s", (int)(size < 299 ? size : 299),
		 (const char *)data);
	score = cvss_score(text);
	CHECK(score >= -1 && score <= 100);
	if (score < 0 || text[0] == '(')
		return 0;
	turn(text, turned);
	CHECK(cvss_score(turned) == score);
	return 0;
}
