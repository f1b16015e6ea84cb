/*
 * base64.c - the standard alphabet, both ways.  Owns nothing.
 */
#include "codec/base64.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(const void *p, size_t n, struct buf *out)
{
	const unsigned char *in = p;
	size_t i, j, groups = n / 3 + (n % 3 != 0);
	char *to;

	if (groups > out->limit / 4)
		return -1;
	to = buf_room(out, groups * 4);
	if (to == NULL)
		return -1;
	for (i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < n)
			v |= in[i + 2];
		for (j = 0; j < 4; j++)
			*to++ = i + j <= n ? alphabet[v >> (18 - 6 * j) & 63] : '=';
	}
	buf_grew(out, groups * 4);
	return 0;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Padding is whole or missing; without it a last group of one character encodes nothing.
 */
static int strip_padding(struct view *text, struct err *e)
{
	size_t whole = text->n, pad = 0;

	while (pad < 2 && text->n > 0 && text->p[text->n - 1] == '=') {
		text->n--;
		pad++;
	}
	if (text->n % 4 == 1 || (pad > 0 && whole % 4 != 0))
		return err_set(e, ERR_INVALID,
			       "base64 text of %zu characters is cut short", whole);
	return 0;
}

int base64_decode(struct view text, struct buf *out, struct err *e)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i, n;
	char *to;

	if (strip_padding(&text, e) != 0)
		return -1;
	n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
	to = buf_room(out, n);
	if (to == NULL)
		return err_set(e, ERR_LIMIT, "base64 text decodes to more than %zu bytes",
			       out->limit - out->n);
	for (i = 0; i < text.n; i++) {
		int v = value_of(text.p[i]);

		if (v < 0) {
			*(out->p + out->n) = '\0';
			return err_set(e, ERR_INVALID, "not base64: character %zu",
				       i + 1);
		}
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (char)(bits >> have & 0xff);
		}
	}
	buf_grew(out, n);
	return 0;
}

int base64_decode_exact(struct view text, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf again = BUF_INIT(text.n + 4);
	size_t had = out->n;

	if (base64_decode(text, out, e) != 0)
		return -1;
	if (base64_encode(buf_str(out) + had, out->n - had, &again) == 0 &&
	    again.n == text.n && (text.n == 0 || memcmp(again.p, text.p, text.n) == 0))
		return 0;
	if (out->p != NULL)
		out->p[out->n = had] = '\0';
	return err_set(e, ERR_INVALID,
		       "base64 text that is not as it would be written again");
}

int base64_decode_url(struct view text, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf plain = BUF_INIT(text.n + 4);
	char *to = buf_room(&plain, text.n + 4);
	size_t i;

	for (i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '+' || c == '/' || c == '=')
			return err_set(e, ERR_INVALID, "not base64url: character %zu",
				       i + 1);
		to[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	while (i % 4 != 0)
		to[i++] = '=';
	buf_grew(&plain, i);
	return base64_decode_exact(buf_view(&plain), out, e);
}
