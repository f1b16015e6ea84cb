/*
 * cert_chain.c - from a certificate to a root, by X509_verify_cert.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "codec/cert_impl.h"

#define LEVEL_112_BITS 2
#define DEPTH_MAX 8

static STACK_OF(X509) * stack_of(const struct cert_list *l)
{
	STACK_OF(X509) *s = sk_X509_new_null();
	size_t i;

	for (i = 0; i < l->n; i++)
		sk_X509_push(s, l->cert[i]->x);
	return s;
}

static const struct cert *find(X509 *x, const struct cert *leaf,
			       const struct cert_list *between,
			       const struct cert_list *roots)
{
	size_t i;

	for (i = 0; i < roots->n; i++)
		if (X509_cmp(roots->cert[i]->x, x) == 0)
			return roots->cert[i];
	for (i = 0; i < between->n; i++)
		if (X509_cmp(between->cert[i]->x, x) == 0)
			return between->cert[i];
	return leaf;
}

/* Key usage and extended key usage of the leaf, and of authorities that have the latter.
 */
static int check_use(const struct cert_chain *chain, enum cert_use use, struct err *e)
{
	const uint32_t others = XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_SMIME |
				XKU_TIMESTAMP | XKU_ANYEKU | XKU_OCSP_SIGN;
	X509 *leaf = chain->cert[0]->x;
	uint32_t flags = X509_get_extension_flags(leaf);
	uint32_t usage = X509_get_extended_key_usage(leaf);
	size_t i;

	if ((flags & EXFLAG_CA) != 0)
		return err_set(e, ERR_DENIED, "its certificate is an authority's");
	if ((use == CERT_FOR_NOTATION && (flags & EXFLAG_KUSAGE) == 0) ||
	    (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
		return err_set(e, ERR_DENIED,
			       "its certificate is not for digital signatures");
	if ((flags & EXFLAG_XKUSAGE) == 0 ? use == CERT_FOR_CODE
					  : (usage & XKU_CODE_SIGN) == 0)
		return err_set(e, ERR_DENIED, "its certificate is not for code signing");
	if (use == CERT_FOR_NOTATION &&
	    ((X509_get_key_usage(leaf) &
	      ~(uint32_t)(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 ||
	     ((flags & EXFLAG_XKUSAGE) != 0 && (usage & others) != 0)))
		return err_set(e, ERR_DENIED,
			       "its certificate is for more than code signing");
	for (i = 1; i < chain->n; i++) {
		X509 *x = chain->cert[i]->x;

		if ((X509_get_extension_flags(x) & EXFLAG_XKUSAGE) != 0 &&
		    (X509_get_extended_key_usage(x) & (XKU_CODE_SIGN | XKU_ANYEKU)) == 0)
			return err_set(e, ERR_DENIED,
				       "an authority's certificate is not for those of "
				       "code signing");
	}
	return 0;
}

static int take_chain(X509_STORE_CTX *ctx, const struct cert *leaf,
		      const struct cert_list *between, const struct cert_list *roots,
		      struct cert_chain *out, struct err *e)
{
	STACK_OF(X509) *found = X509_STORE_CTX_get0_chain(ctx);
	int i, n = sk_X509_num(found);

	if (n > CERT_MAX_LIST)
		return err_set(e, ERR_LIMIT, "a chain of %d certificates", n);
	memset(out, 0, sizeof(*out));
	out->cert[out->n++] = leaf;
	for (i = 1; i < n; i++)
		out->cert[out->n++] = find(sk_X509_value(found, i), leaf, between, roots);
	return 0;
}

static int say(X509_STORE_CTX *ctx, struct err *e)
{
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	char subject[200] = "";

	if (at != NULL)
		X509_NAME_oneline(X509_get_subject_name(at), subject,
				  sizeof(subject) - 1);
	return err_set(e, ERR_DENIED, "its certificate leads to no trusted root: %s%s%s",
		       X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)),
		       subject[0] != '\0' ? ": " : "", subject);
}

int cert_chain_find(const struct cert *leaf, const struct cert_list *between,
		    const struct cert_list *roots, int64_t at_s, enum cert_use use,
		    struct cert_chain *out, struct err *e)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = stack_of(between), *trusted = stack_of(roots);
	struct cert_chain got = { .n = 0 };
	X509_VERIFY_PARAM *param;
	int rc = -1;

	if (store == NULL || ctx == NULL ||
	    X509_STORE_CTX_init(ctx, store, leaf->x, untrusted) != 1) {
		err_set(e, ERR_IO, "out of memory");
	} else {
		X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
		X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
		X509_VERIFY_PARAM_set_auth_level(param, LEVEL_112_BITS);
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE);
		if (X509_verify_cert(ctx) != 1)
			say(ctx, e);
		else if (take_chain(ctx, leaf, between, roots, &got, e) == 0)
			rc = check_use(&got, use, e);
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(untrusted);
	sk_X509_free(trusted);
	ERR_clear_error();
	if (rc == 0)
		*out = got;
	return rc;
}
