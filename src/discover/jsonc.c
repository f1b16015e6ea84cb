/*
 * jsonc.c - blanking out comments. No state.
 */
#include "discover/jsonc.h"

#include <string.h>

/* The end of the string that begins at i. A half of a character beyond 16 bits
 * ("\ud83d"), which YAML refuses, becomes a question mark. */
static size_t pass_string(char *text, size_t n, size_t i)
{
	for (i++; i < n && text[i] != '"' && text[i] != '\n'; i++) {
		if (text[i] != '\\' || i + 1 >= n)
			continue;
		if (text[i + 1] == 'u' && n - i > 5 && (text[i + 2] | 0x20) == 'd' &&
		    strchr("89abcdefABCDEF", text[i + 3]) != NULL)
			memcpy(text + i, "\\u003f", 6);
		i++;
	}
	return i + (i < n);
}

static size_t blank(char *text, size_t n, size_t i, const char *end)
{
	size_t len = strlen(end);

	while (i < n && (n - i < len || memcmp(text + i, end, len) != 0)) {
		if (text[i] != '\n' && text[i] != '\r')
			text[i] = ' ';
		i++;
	}
	if (end[0] == '*' && i < n) {
		memcpy(text + i, "  ", 2);
		i += 2;
	}
	return i;
}

void jsonc_blank(char *text, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (text[i] == '"')
			i = pass_string(text, n, i);
		else if (text[i] == '/' && i + 1 < n && text[i + 1] == '/')
			i = blank(text, n, i, "\n");
		else if (text[i] == '/' && i + 1 < n && text[i + 1] == '*') {
			memcpy(text + i, "  ", 2);
			i = blank(text, n, i + 2, "*/");
		} else {
			if (text[i] == '\t') /* YAML does not like them before a key */
				text[i] = ' ';
			i++;
		}
	}
}
