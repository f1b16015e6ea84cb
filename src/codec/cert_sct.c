/*
 * cert_sct.c - promises of certificate transparency logs inside a certificate.
 *
 * A log signs what the certificate was before the promises were put into it: its
 * TBSCertificate without that extension, and the hash of its issuer's key (RFC 6962,
 * sections 3.2 and 3.3).
 */
#include <string.h>

#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "codec/cert_impl.h"

#define SIGNED_MAX (CERT_MAX_BYTES + (64u << 10) + 64)
#define SCT_MAX 16

static void add_number(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0) {
		char c = (char)(v >> (8 * bytes) & 0xff);

		buf_add(b, &c, 1);
	}
}

/* The certificate as it was submitted. */
static int before_scts(X509 *x, struct buf *out)
{
	X509 *copy = X509_dup(x);
	unsigned char *tbs = NULL;
	int at, n = -1;

	if (copy == NULL)
		return -1;
	at = X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1);
	if (at >= 0) {
		X509_EXTENSION_free(X509_delete_ext(copy, at));
		n = i2d_re_X509_tbs(copy, &tbs);
	}
	if (n > 0)
		n = buf_add(out, tbs, (size_t)n);
	OPENSSL_free(tbs);
	X509_free(copy);
	return n;
}

static bool is_promise(const SCT *sct, struct view tbs, const struct cert *issuer,
		       const struct pubkey *key)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SIGNED_MAX);
	unsigned char *id, *extensions, *sig;
	size_t nid = SCT_get0_log_id(sct, &id);
	size_t nextensions = SCT_get0_extensions(sct, &extensions);
	size_t nsig = SCT_get0_signature(sct, &sig);
	int alg = SCT_get_signature_nid(sct);

	if (nid != PUBKEY_ID_BYTES || memcmp(id, pubkey_id(key), nid) != 0 ||
	    (alg != NID_ecdsa_with_SHA256 && alg != NID_sha256WithRSAEncryption))
		return false;
	add_number(&text, 0, 1); /* v1 */
	add_number(&text, 0, 1); /* certificate_timestamp */
	add_number(&text, SCT_get_timestamp(sct), 8);
	add_number(&text, 1, 2); /* precert_entry */
	buf_add(&text, pubkey_id(issuer->key), PUBKEY_ID_BYTES);
	add_number(&text, tbs.n, 3);
	buf_add(&text, tbs.p, tbs.n);
	add_number(&text, nextensions, 2);
	buf_add(&text, extensions, nextensions);
	return pubkey_verify(key, PUBKEY_SHA256, PUBKEY_PLAIN, buf_view(&text),
			     (struct view){ (char *)sig, nsig }, NULL) == 0;
}

int cert_sct_check(const struct cert *leaf, const struct cert *issuer,
		   const struct pubkey *const *key, size_t nkeys, int64_t *at_ms,
		   struct err *e)
{
	CLEANUP(buf_done)
	struct buf tbs = BUF_INIT(CERT_MAX_BYTES);
	STACK_OF(SCT) *scts = X509_get_ext_d2i(leaf->x, NID_ct_precert_scts, NULL, NULL);
	int i, n = scts != NULL ? sk_SCT_num(scts) : 0;
	bool found = false;
	size_t k;

	if (n > 0 && n <= SCT_MAX && before_scts(leaf->x, &tbs) == 0) {
		for (i = 0; i < n && !found; i++) {
			const SCT *sct = sk_SCT_value(scts, i);

			if (SCT_get_version(sct) != SCT_VERSION_V1)
				continue;
			for (k = 0; k < nkeys && !found; k++)
				found = is_promise(sct, buf_view(&tbs), issuer, key[k]);
			if (found)
				*at_ms = (int64_t)SCT_get_timestamp(sct);
		}
	}
	SCT_LIST_free(scts);
	ERR_clear_error();
	if (found)
		return 0;
	return err_set(e, ERR_DENIED,
		       n == 0 ? "its certificate has no promise of a certificate log"
			      : "no trusted certificate log has promised to list its "
				"certificate");
}
