/* Known answers (FIPS 180-4 examples), in pieces and after a reset. */
#include "unit.h"

#include "base/mem.h"
#include "codec/hash.h"

static const unsigned char sha256_abc[32] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
static const unsigned char sha512_abc_begin[8] = { 0xdd, 0xaf, 0x35, 0xa1,
						   0x93, 0x61, 0x7a, 0xba };
static const unsigned char sha256_empty_begin[8] = { 0xe3, 0xb0, 0xc4, 0x42,
						     0x98, 0xfc, 0x1c, 0x14 };

static void known_answers(void **state)
{
	CLEANUP(hash_freep)
	struct hash *a = hash_new(HASH_SHA256);
	CLEANUP(hash_freep)
	struct hash *b = hash_new(HASH_SHA512);
	unsigned char out[HASH_MAX_BYTES];

	hash_add(a, "abc", 3);
	hash_final(a, out);
	assert_memory_equal(out, sha256_abc, 32);
	hash_add(b, "a", 1);
	hash_add(b, "", 0);
	hash_add(b, NULL, 0);
	hash_add(b, "bc", 2);
	hash_final(b, out);
	assert_memory_equal(out, sha512_abc_begin, 8);
}

static void reset_forgets(void **state)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char out[HASH_MAX_BYTES];

	hash_add(h, "xyz", 3);
	hash_reset(h);
	hash_final(h, out);
	assert_memory_equal(out, sha256_empty_begin, 8);
	hash_reset(h);
	hash_add(h, "abc", 3);
	hash_final(h, out);
	assert_memory_equal(out, sha256_abc, 32);
}

static void copies_go_their_own_way(void **state)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	CLEANUP(hash_freep)
	struct hash *long_one = hash_new(HASH_SHA512);
	CLEANUP(hash_freep)
	struct hash *copy = NULL;
	unsigned char out[HASH_MAX_BYTES];

	hash_add(h, "ab", 2);
	copy = hash_copy(h);
	hash_add(copy, "xyz", 3);
	hash_final(copy, out);
	hash_add(h, "c", 1);
	hash_final(h, out);
	assert_memory_equal(out, sha256_abc, 32);
	hash_free(copy);
	hash_add(long_one, "abc", 3);
	copy = hash_copy(long_one);
	hash_final(copy, out);
	assert_memory_equal(out, sha512_abc_begin, 8);
}

static void sizes_and_null(void **state)
{
	assert_int_equal(hash_size(HASH_SHA256), 32);
	assert_int_equal(hash_size(HASH_SHA512), 64);
	hash_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(reset_forgets),
		cmocka_unit_test(copies_go_their_own_way),
		cmocka_unit_test(sizes_and_null),
	};

	return cmocka_run_group_tests_name("codec/hash", tests, NULL, NULL);
}
