/* codec/cert: DER, and all that is read from it. */
#include "fuzz.h"

#include "base/mem.h"
#include "codec/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cert_freep)
	struct cert *c = NULL;
	char subject[CERT_TEXT_MAX];
	const struct pubkey *key;
	struct cert_names names;
	struct cert_chain chain;
	struct cert_list none = { .n = 0 }, itself = { .n = 1 };
	int64_t at_ms;

	if (cert_read_der(fuzz_view(data, size), &c, NULL) != 0)
		return 0;
	CHECK(cert_der(c).n == size);
	cert_subject(c, subject);
	if (cert_names(c, &names, NULL) == 0)
		CHECK(names.n <= CERT_MAX_NAMES);
	(void)cert_name_matches(c, "C=US, O=acme", NULL);
	itself.cert[0] = c;
	if (cert_chain_find(c, &none, &itself, cert_from_s(c), CERT_FOR_CODE, &chain,
			    NULL) == 0)
		CHECK(chain.n == 1 && chain.cert[0] == c);
	key = cert_key(c);
	(void)cert_sct_check(c, c, &key, 1, &at_ms, NULL);
	return 0;
}
