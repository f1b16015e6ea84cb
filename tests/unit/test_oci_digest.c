/* Digests: one spelling only, and back. */
#include "unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "oci/digest.h"

#define HEX256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HEX512                                                                           \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"               \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void both_algorithms_and_back(void **state)
{
	char text[DIGEST_TEXT_MAX], hex[DIGEST_HEX_MAX];
	struct digest d, made;
	struct err e;

	assert_int_equal(digest_parse(VIEW("sha256:" HEX256), &d, &e), 0);
	digest_of(HASH_SHA256, "abc", 3, &made);
	assert_true(digest_equal(&d, &made));
	assert_memory_equal(&d, &made, sizeof(d)); /* unused bytes are zero in both */
	digest_text(&d, text);
	assert_string_equal(text, "sha256:" HEX256);
	digest_hex(&d, hex);
	assert_string_equal(hex, HEX256);
	assert_string_equal(digest_alg(&d), "sha256");

	assert_int_equal(digest_parse(VIEW("sha512:" HEX512), &d, &e), 0);
	assert_false(digest_equal(&d, &made));
	digest_of(HASH_SHA512, "abc", 3, &made);
	assert_true(digest_equal(&d, &made));
	digest_text(&d, text);
	assert_string_equal(text, "sha512:" HEX512);
	assert_int_equal(strlen(text) + 1, DIGEST_TEXT_MAX);
	assert_string_equal(digest_alg(&d), "sha512");
}

static void same_bytes_of_another_algorithm_differ(void **state)
{
	struct digest a, b;

	digest_of(HASH_SHA256, "", 0, &a);
	b = a;
	b.alg = HASH_SHA512;
	assert_false(digest_equal(&a, &b));
	b = a;
	b.bytes[31] ^= 1;
	assert_false(digest_equal(&a, &b));
}

static void final_of_a_stream(void **state)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	char text[DIGEST_TEXT_MAX];
	struct digest d;

	memset(&d, 0xff, sizeof(d));
	hash_add(h, "abc", 3);
	digest_final(HASH_SHA256, h, &d);
	digest_text(&d, text);
	assert_string_equal(text, "sha256:" HEX256);
	assert_int_equal(d.bytes[32], 0);
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		":",
		"sha256",
		"sha256:",
		HEX256,
		"sha256:baddigeststring",
		"sha256:" HEX256 "a",
		"sha256:" HEX256 "aa",
		"sha512:" HEX256,
		"sha256:" HEX512,
		"SHA256:" HEX256,
		" sha256:" HEX256,
		"sha384:" HEX256,
		"md5:" HEX256,
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/",
		"sha256+b64:" HEX256,
	};
	struct digest d, before;
	struct err e = { 0 };
	size_t i;

	digest_of(HASH_SHA256, "", 0, &d);
	before = d;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_err(digest_parse(view_of(rows[i]), &d, &e), e, ERR_INVALID);
	assert_err(digest_parse((struct view){ NULL, 0 }, &d, &e), e, ERR_INVALID);
	assert_memory_equal(&d, &before, sizeof(d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_algorithms_and_back),
		cmocka_unit_test(same_bytes_of_another_algorithm_differ),
		cmocka_unit_test(final_of_a_stream),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("oci/digest", tests, NULL, NULL);
}
