/*
 * cert.c - reading certificates and lists of them.
 */
#include "codec/cert.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/human.h"
#include "base/mem.h"
#include "codec/cert_impl.h"

static int time_of(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = (int64_t)timegm(&tm);
	return 0;
}

static int read_key(X509 *x, struct pubkey **out, struct err *e)
{
	unsigned char *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	int rc;

	if (n <= 0)
		return err_set(e, ERR_INVALID, "a certificate without a public key");
	rc = pubkey_read_der((struct view){ (char *)spki, (size_t)n }, out, e);
	OPENSSL_free(spki);
	return rc;
}

int cert_read_der(struct view der, struct cert **out, struct err *e)
{
	const unsigned char *at = (const unsigned char *)der.p;
	CLEANUP(cert_freep)
	struct cert *c = mem_alloc(sizeof(*c));

	buf_init(&c->der, CERT_MAX_BYTES);
	if (der.n == 0 || buf_add(&c->der, der.p, der.n) != 0)
		return err_set(e, ERR_INVALID, "a certificate of %zu bytes", der.n);
	c->x = d2i_X509(NULL, &at, (long)der.n);
	ERR_clear_error();
	if (c->x == NULL || at != (const unsigned char *)der.p + der.n ||
	    time_of(X509_get0_notBefore(c->x), &c->from_s) != 0 ||
	    time_of(X509_get0_notAfter(c->x), &c->until_s) != 0)
		return err_set(e, ERR_INVALID, "not an X.509 certificate");
	/* Reads and caches the extensions, so that threads that share it need not. */
	if ((X509_get_extension_flags(c->x) & EXFLAG_INVALID) != 0) {
		ERR_clear_error();
		return err_set(e, ERR_INVALID,
			       "a certificate with a malformed extension");
	}
	if (read_key(c->x, &c->key, e) != 0)
		return err_add(e, "a certificate");
	*out = TAKE(c);
	return 0;
}

void cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	X509_free(c->x);
	buf_done(&c->der);
	pubkey_free(c->key);
	free(c);
}

void cert_freep(struct cert **c)
{
	cert_free(*c);
	*c = NULL;
}

int cert_list_add(struct cert_list *l, struct cert *c, struct err *e)
{
	if (l->n == CERT_MAX_LIST) {
		cert_free(c);
		return err_set(e, ERR_LIMIT, "more than %d certificates", CERT_MAX_LIST);
	}
	l->cert[l->n++] = c;
	return 0;
}

int cert_list_read(struct cert_list *l, struct view pem, enum pem_rule rule,
		   struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	char label[PEM_LABEL_MAX];
	size_t had = l->n;
	struct cert *c;
	int rc;

	while ((rc = pem_next(&pem, rule, label, &der, e)) == 1) {
		if (strcmp(label, "CERTIFICATE") != 0) {
			if (rule == PEM_FILE)
				continue;
			return err_set(e, ERR_INVALID,
				       "a PEM block that is no certificate");
		}
		if (cert_read_der(buf_view(&der), &c, e) != 0 ||
		    cert_list_add(l, c, e) != 0)
			return -1;
	}
	if (rc == 0 && l->n == had)
		return err_set(e, ERR_INVALID, "no certificate in PEM form");
	return rc;
}

void cert_list_done(struct cert_list *l)
{
	while (l->n > 0)
		cert_free(l->cert[--l->n]);
}

struct view cert_der(const struct cert *c)
{
	return buf_view(&c->der);
}

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return a->der.n == b->der.n && memcmp(a->der.p, b->der.p, a->der.n) == 0;
}

const struct pubkey *cert_key(const struct cert *c)
{
	return c->key;
}

int64_t cert_from_s(const struct cert *c)
{
	return c->from_s;
}

int64_t cert_until_s(const struct cert *c)
{
	return c->until_s;
}

bool cert_is_self_issued(const struct cert *c)
{
	return X509_NAME_cmp(X509_get_subject_name(c->x), X509_get_issuer_name(c->x)) ==
	       0;
}

void cert_subject(const struct cert *c, char out[CERT_TEXT_MAX])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio != NULL &&
	    X509_NAME_print_ex(
		    bio, X509_get_subject_name(c->x), 0,
		    (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)) >= 0)
		n = BIO_read(bio, out, CERT_TEXT_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	human_clean(out);
	ERR_clear_error();
}
