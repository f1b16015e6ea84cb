/*
 * agent.c - no state of its own.
 */
#include "server/agent.h"

#include <stdio.h>
#include <string.h>

/* Of a longer one, what comes after is not looked at. */
#define LOOKED_AT 512

/* What follows "os/", say; the first such word counts. */
static void take_after(struct view word, const char *key, struct view *out)
{
	size_t n = strlen(key);

	if (out->n == 0 && view_starts(word, key))
		*out = (struct view){ word.p + n, word.n - n };
}

static bool is_part(struct view v, size_t size)
{
	return v.n > 0 && v.n < size && memchr(v.p, '/', v.n) == NULL;
}

bool agent_platform(struct view agent, struct platform *out)
{
	struct view os = { NULL, 0 }, arch = os, word;
	char text[sizeof(out->os) + sizeof(out->arch)];

	*out = (struct platform){ .os = "" };
	if (!view_starts(agent, "docker/"))
		return false;
	if (agent.n > LOOKED_AT)
		agent.n = LOOKED_AT;
	while ((word = view_word(&agent)).n > 0) {
		take_after(word, "os/", &os);
		take_after(word, "arch/", &arch);
	}
	if (!is_part(os, sizeof(out->os)) || !is_part(arch, sizeof(out->arch)))
		return false;
	snprintf(text, sizeof(text), "%.*s/%.*s", (int)os.n, os.p, (int)arch.n, arch.p);
	return platform_parse(view_of(text), out, NULL) == 0;
}
