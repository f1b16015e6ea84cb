/*
 * members.c - strict reading of members.  Owns nothing.
 */
#include "trust/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	const char *at = words;

	while (n > 0 && (at = strstr(at, word)) != NULL) {
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
		at++;
	}
	return false;
}

int members_known(const struct json *o, const char *names, const char *what,
		  struct err *e)
{
	const struct json *value;
	const char *key;
	void *at = NULL;

	if (!json_is_object(o))
		return err_set(e, ERR_INVALID, "%s is missing or no object", what);
	while (json_each(o, &at, &key, &value))
		if (strchr(key, ' ') != NULL || !has_word(names, key))
			return err_set(e, ERR_INVALID, "%s has the unknown member %.60s",
				       what, key);
	return 0;
}

const char *members_text(const struct json *o, const char *name, struct err *e)
{
	const char *text = json_get_str(o, name);

	if (text != NULL && text[0] != '\0')
		return text;
	err_set(e, ERR_INVALID, "no %s", name);
	return NULL;
}

int members_bytes(const struct json *o, const char *name, struct buf *out, struct err *e)
{
	const char *text = members_text(o, name, e);

	if (text == NULL)
		return -1;
	return base64_decode_exact(view_of(text), out, e) == 0 ? 0
							       : err_add(e, "%s", name);
}

int members_fixed(const struct json *o, const char *name, unsigned char *out, size_t n,
		  struct err *e)
{
	CLEANUP(buf_done)
	struct buf got = BUF_INIT(n + 3);

	if (members_bytes(o, name, &got, e) != 0)
		return -1;
	if (got.n != n)
		return err_set(e, ERR_INVALID, "%s of %zu bytes in place of %zu", name,
			       got.n, n);
	memcpy(out, got.p, n);
	return 0;
}

int members_number(const struct json *o, const char *name, bool must, int64_t *out,
		   struct err *e)
{
	const struct json *v = json_get(o, name);
	const char *text = json_str(v);
	char again[24];

	*out = 0;
	if (v == NULL && !must)
		return 0;
	if (text != NULL)
		*out = strtoll(text, NULL, 10);
	else if (!json_get_int(o, name, out))
		return err_set(e, ERR_INVALID, "%s is no number", name);
	snprintf(again, sizeof(again), "%lld", (long long)*out);
	if (*out < 0 || (text != NULL && strcmp(text, again) != 0))
		return err_set(e, ERR_INVALID, "%s is no number from 0 on", name);
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int members_hex(const char *text, unsigned char *out, size_t n, struct err *e)
{
	size_t i;

	if (strlen(text) != 2 * n)
		return err_set(e, ERR_INVALID, "%zu digits in place of %zu", strlen(text),
			       2 * n);
	for (i = 0; i < n; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(e, ERR_INVALID, "not hexadecimal");
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}
