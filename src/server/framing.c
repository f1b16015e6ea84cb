/*
 * framing.c - reads every header field, since libmicrohttpd looks at the first of a name
 * only, keeps white space before a colon as part of the name, and appends a folded line
 * to the name.
 */
#include "server/framing.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct seen {
	unsigned lengths, codings;
	bool body, unclear;
};

static bool is_token(const char *s)
{
	const char *p = s;

	while (*p > ' ' && *p < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", *p) == NULL)
		p++;
	return p > s && *p == '\0';
}

static bool has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

/* The name, or the name with what libmicrohttpd has appended. */
static bool begins(const char *key, const char *name, struct seen *seen)
{
	size_t n = strlen(name);

	if (strncasecmp(key, name, n) != 0)
		return false;
	if (key[n] != '\0')
		seen->unclear = true;
	return true;
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *key,
			    const char *value)
{
	struct seen *seen = cls;

	if (value == NULL)
		value = "";
	if (!is_token(key) || has_control(value))
		seen->unclear = true;
	if (begins(key, "Content-Length", seen)) {
		seen->lengths++;
		if (strcmp(value, "0") != 0)
			seen->body = true;
	} else if (begins(key, "Transfer-Encoding", seen)) {
		seen->codings++;
		seen->body = true;
	}
	return MHD_YES;
}

enum framing framing_of(struct MHD_Connection *conn)
{
	struct seen seen = { 0 };

	MHD_get_connection_values(conn, MHD_HEADER_KIND, look, &seen);
	if (seen.unclear || seen.lengths + seen.codings > 1)
		return FRAMING_UNCLEAR;
	return seen.body ? FRAMING_BODY : FRAMING_NO_BODY;
}
