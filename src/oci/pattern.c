/*
 * pattern.c - matches by keeping the set of text positions that the pattern so far can
 * end at, so that no pattern takes more than its length times the text's.
 */
#include "oci/pattern.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define TEXT_MAX_BYTES 1024

/* Where the tag part's ":" stands, or the end of the pattern. */
static size_t name_length(const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	const char *colon = strrchr(slash ? slash : pattern, ':');

	return colon ? (size_t)(colon - pattern) : strlen(pattern);
}

static bool glob(struct view pattern, const char *text)
{
	bool at[TEXT_MAX_BYTES + 1] = { true };
	size_t n = strlen(text), i, j;

	if (n > TEXT_MAX_BYTES)
		return false;
	for (i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];

		if (c == '*') {
			bool deep = i + 1 < pattern.n && pattern.p[i + 1] == '*';

			for (j = 1; j <= n; j++)
				at[j] |= at[j - 1] && (deep || text[j - 1] != '/');
			i += deep;
			continue;
		}
		for (j = n; j > 0; j--)
			at[j] = at[j - 1] &&
				(c == '?' ? text[j - 1] != '/' : text[j - 1] == c);
		at[0] = false;
	}
	return at[n];
}

int pattern_check(const char *pattern, struct err *e)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-/:*?[]";
	size_t n = strlen(pattern), good = strspn(pattern, allowed);

	if (n == 0)
		return err_set(e, ERR_INVALID, "the pattern is empty");
	if (n > PATTERN_MAX_BYTES)
		return err_set(e, ERR_INVALID, "the pattern is longer than %d bytes",
			       PATTERN_MAX_BYTES);
	if (good < n)
		return err_set(e, ERR_INVALID,
			       "pattern \"%s\": no image name has the character at %zu",
			       pattern, good + 1);
	return 0;
}

bool pattern_has_tag(const char *pattern)
{
	return pattern[name_length(pattern)] == ':';
}

bool pattern_match_name(const char *pattern, const char *name)
{
	return glob((struct view){ pattern, name_length(pattern) }, name);
}

bool pattern_match_tag(const char *pattern, const char *host, const char *name,
		       const char *tag)
{
	size_t n = name_length(pattern);
	char text[TEXT_MAX_BYTES + 1];

	if (pattern[n] == ':' && !glob(view_of(pattern + n + 1), tag))
		return false;
	if (host == NULL)
		return pattern_match_name(pattern, name);
	if ((size_t)snprintf(text, sizeof(text), "%s/%s", host, name) >= sizeof(text))
		return false;
	return pattern_match_name(pattern, text);
}

bool pattern_match_image(const char *pattern, const char *name, const char *tag)
{
	if (tag[0] != '\0')
		return pattern_match_tag(pattern, NULL, name, tag);
	return !pattern_has_tag(pattern) && pattern_match_name(pattern, name);
}

bool pattern_match_text(const char *pattern, const char *text)
{
	return glob(view_of(pattern), text);
}
