/*
 * imagepattern.c - a pattern for Docker Hub is one over the rest of the name. No state.
 */
#include "mirror/imagepattern.h"

#include <stdio.h>
#include <string.h>

#include "mirror/route.h"
#include "oci/pattern.h"

#define HUB "docker.io/"

/* Does it begin with the host of another registry? */
static bool has_host(const char *shown)
{
	size_t n = strcspn(shown, "/");

	return shown[n] == '/' &&
	       (memchr(shown, '.', n) != NULL || memchr(shown, ':', n) != NULL ||
		(n == 9 && strncmp(shown, "localhost", n) == 0));
}

static bool match_hub(const char *rest, const char *shown, const char *tag)
{
	char name[sizeof("library/") + ROUTE_SHOWN_MAX];

	if (has_host(shown))
		return false;
	if (pattern_match_image(rest, shown, tag))
		return true;
	snprintf(name, sizeof(name), "library/%s", shown);
	return strchr(shown, '/') == NULL && pattern_match_image(rest, name, tag);
}

static bool match(const char *pattern, const char *shown, const char *tag, bool local)
{
	if (strncmp(pattern, HUB, strlen(HUB)) != 0)
		return pattern_match_image(pattern, shown, tag);
	return !local && match_hub(pattern + strlen(HUB), shown, tag);
}

bool imagepattern_match(char *const *pattern, size_t n, const char *shown,
			const char *tag, bool local)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (match(pattern[i], shown, tag, local))
			return true;
	return n == 0;
}
