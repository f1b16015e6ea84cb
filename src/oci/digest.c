/*
 * digest.c - text and bytes of a digest.  Owns nothing.
 */
#include "oci/digest.h"

#include <string.h>

#include "base/mem.h"

static const struct alg {
	enum hash_alg alg;
	const char *word, *prefix;
} algs[] = {
	{ HASH_SHA256, "sha256", "sha256:" },
	{ HASH_SHA512, "sha512", "sha512:" },
};

/* Upper case is not a spelling of the same digest (image-spec: [a-f0-9]). */
static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct view hex, unsigned char *out)
{
	size_t i;

	for (i = 0; i < hex.n; i += 2) {
		int high = nibble(hex.p[i]), low = nibble(hex.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	return true;
}

int digest_parse(struct view text, struct digest *out, struct err *e)
{
	struct digest d = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(algs); i++) {
		size_t skip = strlen(algs[i].prefix);
		struct view hex;

		if (!view_starts(text, algs[i].prefix))
			continue;
		hex = (struct view){ text.p + skip, text.n - skip };
		if (hex.n != 2 * hash_size(algs[i].alg) || !read_hex(hex, d.bytes))
			return err_set(e, ERR_INVALID,
				       "not a digest: %s wants %zu lower-case hex digits",
				       algs[i].prefix, 2 * hash_size(algs[i].alg));
		d.alg = algs[i].alg;
		*out = d;
		return 0;
	}
	return err_set(e, ERR_INVALID, "not a digest of sha256 or sha512");
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t i, n = hash_size(d->alg);

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[d->bytes[i] >> 4];
		out[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

void digest_text(const struct digest *d, char out[DIGEST_TEXT_MAX])
{
	size_t n = strlen(algs[d->alg].prefix);

	memcpy(out, algs[d->alg].prefix, n);
	digest_hex(d, out + n);
}

const char *digest_alg(const struct digest *d)
{
	return algs[d->alg].word;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->alg == b->alg && memcmp(a->bytes, b->bytes, hash_size(a->alg)) == 0;
}

void digest_of(enum hash_alg alg, const void *p, size_t n, struct digest *out)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(alg);

	hash_add(h, p, n);
	digest_final(alg, h, out);
}

void digest_final(enum hash_alg alg, struct hash *h, struct digest *out)
{
	memset(out, 0, sizeof(*out));
	out->alg = alg;
	hash_final(h, out->bytes);
}
