/*
 * tsa.c - RFC 3161 through libcrypto's TS.
 */
#include "codec/tsa.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/ts.h>

#include "base/mem.h"
#include "codec/cert_impl.h"

static void response_free(TS_RESP **r)
{
	TS_RESP_free(*r);
}

static int read_time(TS_TST_INFO *info, int64_t *at_s)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
		return -1;
	*at_s = (int64_t)timegm(&tm);
	return 0;
}

static bool is_good_hash(TS_TST_INFO *info)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const ASN1_OBJECT *alg;

	X509_ALGOR_get0(&alg, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	switch (OBJ_obj2nid(alg)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		return false;
	}
}

static bool is_plain(const X509_ALGOR *alg, int *nid)
{
	const ASN1_OBJECT *o;
	int type;

	X509_ALGOR_get0(&o, &type, NULL, alg);
	*nid = OBJ_obj2nid(o);
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

static bool is_known(const X509 *x, const struct cert_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (X509_cmp(x, l->cert[i]->x) == 0)
			return true;
	return false;
}

/* What libcrypto passes over in the envelope (RFC 5652 section 5): it proves nothing, but
 * there is one way to write it, and no certificates but those that are trusted. */
static bool is_strict(PKCS7 *token, const struct cert_list *roots,
		      const struct cert_list *between)
{
	int digest, digests, signature, md, pk, i;
	PKCS7_SIGNER_INFO *si;
	PKCS7_SIGNED *s;

	if (token == NULL || !PKCS7_type_is_signed(token) || token->d.sign == NULL)
		return false;
	s = token->d.sign;
	if (ASN1_INTEGER_get(s->version) != 3 || sk_X509_ALGOR_num(s->md_algs) != 1 ||
	    sk_PKCS7_SIGNER_INFO_num(s->signer_info) != 1 || s->crl != NULL)
		return false;
	si = sk_PKCS7_SIGNER_INFO_value(s->signer_info, 0);
	if (ASN1_INTEGER_get(si->version) != 1 || si->unauth_attr != NULL ||
	    !is_plain(sk_X509_ALGOR_value(s->md_algs, 0), &digests) ||
	    !is_plain(si->digest_alg, &digest) || digest != digests ||
	    !is_plain(si->digest_enc_alg, &signature))
		return false;
	if (signature != NID_rsaEncryption &&
	    (OBJ_find_sigid_algs(signature, &md, &pk) != 1 || md != digest))
		return false;
	for (i = 0; i < sk_X509_num(s->cert); i++)
		if (!is_known(sk_X509_value(s->cert, i), roots) &&
		    !is_known(sk_X509_value(s->cert, i), between))
			return false;
	return true;
}

static X509_STORE *store_of(const struct cert_list *roots, int64_t at_s)
{
	X509_STORE *store = X509_STORE_new();
	size_t i;

	for (i = 0; i < roots->n; i++)
		X509_STORE_add_cert(store, roots->cert[i]->x);
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)at_s);
	return store;
}

/* What is put into ctx is its own. */
static int verify(TS_RESP *r, struct view over, const struct cert_list *roots,
		  const struct cert_list *between, int64_t at_s)
{
	TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
	STACK_OF(X509) *certs = sk_X509_new_null();
	size_t i;
	int ok;

	for (i = 0; i < between->n; i++) {
		X509_up_ref(between->cert[i]->x);
		sk_X509_push(certs, between->cert[i]->x);
	}
	TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
	TS_VERIFY_CTX_set_data(ctx, BIO_new_mem_buf(over.p, (int)over.n));
	TS_VERIFY_CTX_set_store(ctx, store_of(roots, at_s));
	TS_VERIFY_CTX_set_certs(ctx, certs);
	ok = TS_RESP_verify_response(ctx, r);
	TS_VERIFY_CTX_free(ctx);
	ERR_clear_error();
	return ok == 1 ? 0 : -1;
}

int tsa_verify(struct view response, struct view over, const struct cert_list *roots,
	       const struct cert_list *between, int64_t *at_ms, struct err *e)
{
	const unsigned char *at = (const unsigned char *)response.p;
	CLEANUP(response_free)
	TS_RESP *r = NULL;
	TS_TST_INFO *info;
	int64_t at_s;

	if (response.n == 0 || response.n > TSA_MAX_BYTES || over.n == 0 ||
	    over.n > TSA_MAX_BYTES)
		return err_set(e, ERR_INVALID, "a timestamp of %zu bytes", response.n);
	r = d2i_TS_RESP(NULL, &at, (long)response.n);
	ERR_clear_error();
	info = r != NULL ? TS_RESP_get_tst_info(r) : NULL;
	if (info == NULL || at != (const unsigned char *)response.p + response.n ||
	    read_time(info, &at_s) != 0)
		return err_set(e, ERR_INVALID, "a malformed timestamp");
	if (!is_good_hash(info))
		return err_set(e, ERR_INVALID, "a timestamp by a weak hash");
	if (!is_strict(TS_RESP_get_token(r), roots, between))
		return err_set(e, ERR_INVALID,
			       "its timestamp is written in a way that is not taken, or "
			       "has a certificate that is not trusted");
	if (verify(r, over, roots, between, at_s) != 0)
		return err_set(e, ERR_DENIED,
			       "its timestamp is not by a trusted authority, or not of "
			       "this signature");
	*at_ms = at_s * 1000;
	return 0;
}
