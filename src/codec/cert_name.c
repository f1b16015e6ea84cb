/*
 * cert_name.c - whose a certificate is: subjects, alternative names, Fulcio's extensions.
 */
#include "codec/cert.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "codec/cert_impl.h"

#define FULCIO_ISSUER_1 "1.3.6.1.4.1.57264.1.1" /* the bare text */
#define FULCIO_OTHER_NAME "1.3.6.1.4.1.57264.1.7"
#define FULCIO_ISSUER_2 "1.3.6.1.4.1.57264.1.8" /* a UTF8String */

/* --- subjects --- */

static bool has_attribute(X509_NAME *name, int nid, const char *value)
{
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0) {
		ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		unsigned char *text = NULL;
		int n = ASN1_STRING_to_UTF8(&text, s);
		bool same = n >= 0 && (size_t)n == strlen(value) &&
			    memcmp(text, value, (size_t)n) == 0;

		OPENSSL_free(text);
		if (same)
			return true;
	}
	return false;
}

/* One "TYPE=value", which *at loses with the comma after it. */
static int take_attribute(const char **at, char type[32], char value[CERT_TEXT_MAX])
{
	const char *p = *at + strspn(*at, " ");
	size_t n = strcspn(p, "=,\\ "), used = 0;

	if (p[n] != '=' || n == 0 || n >= 32)
		return -1;
	memcpy(type, p, n);
	type[n] = '\0';
	for (p += n + 1; *p != '\0' && *p != ','; p++) {
		if (*p == '\\' && *++p == '\0')
			return -1;
		if (used + 1 >= CERT_TEXT_MAX)
			return -1;
		value[used++] = *p;
	}
	while (used > 0 && value[used - 1] == ' ')
		used--;
	value[used] = '\0';
	*at = *p == ',' ? p + 1 : p;
	return used > 0 ? 0 : -1;
}

int cert_name_matches(const struct cert *c, const char *wanted, struct err *e)
{
	const char *at = wanted;
	char type[32], value[CERT_TEXT_MAX];
	int nid;

	do {
		if (take_attribute(&at, type, value) != 0)
			return err_set(e, ERR_INVALID,
				       "\"%.200s\" is not like \"C=US, ST=WA, O=acme\"",
				       wanted);
		nid = OBJ_sn2nid(strcmp(type, "S") == 0 ? "ST" : type);
		if (nid == NID_undef)
			return err_set(e, ERR_INVALID,
				       "\"%.30s\" is no attribute of a subject", type);
		if (c != NULL && !has_attribute(X509_get_subject_name(c->x), nid, value))
			return err_set(e, ERR_DENIED, "its subject has no %s=%.200s",
				       type, value);
	} while (*at != '\0');
	return 0;
}

/* --- names of holders --- */

static int copy_text(const unsigned char *p, int n, char out[CERT_TEXT_MAX],
		     struct err *e)
{
	int i;

	if (n <= 0)
		return err_set(e, ERR_INVALID, "an empty name in a certificate");
	if (n >= CERT_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a name of %d bytes in a certificate", n);
	for (i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] == 0x7f)
			return err_set(e, ERR_INVALID,
				       "a control character in a certificate's name");
	memcpy(out, p, (size_t)n);
	out[n] = '\0';
	return 0;
}

static const ASN1_STRING *text_of(const GENERAL_NAME *g)
{
	char oid[64];

	switch (g->type) {
	case GEN_URI:
	case GEN_EMAIL:
	case GEN_DNS:
		return g->d.ia5;
	case GEN_OTHERNAME:
		OBJ_obj2txt(oid, sizeof(oid), g->d.otherName->type_id, 1);
		if (strcmp(oid, FULCIO_OTHER_NAME) == 0 &&
		    g->d.otherName->value->type == V_ASN1_UTF8STRING)
			return g->d.otherName->value->value.utf8string;
		return NULL;
	default:
		return NULL;
	}
}

static int take_names(const STACK_OF(GENERAL_NAME) * names, struct cert_names *out,
		      struct err *e)
{
	int i, n = sk_GENERAL_NAME_num(names);

	if (n > CERT_MAX_NAMES)
		return err_set(e, ERR_LIMIT, "more than %d names in a certificate",
			       CERT_MAX_NAMES);
	for (i = 0; i < n; i++) {
		const ASN1_STRING *s = text_of(sk_GENERAL_NAME_value(names, i));

		if (s == NULL)
			return err_set(e, ERR_INVALID,
				       "a name of an unknown kind in a certificate");
		if (copy_text(ASN1_STRING_get0_data(s), ASN1_STRING_length(s),
			      out->name[out->n], e) != 0)
			return -1;
		out->n++;
	}
	return 0;
}

static int find_names(X509 *x, struct cert_names *out, struct err *e)
{
	STACK_OF(GENERAL_NAME) * names;
	int critical = -1, rc;

	names = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
	ERR_clear_error();
	if (names == NULL)
		return critical == -1 ? 0
				      : err_set(e, ERR_INVALID,
						"malformed names in a certificate");
	rc = take_names(names, out, e);
	GENERAL_NAMES_free(names);
	return rc;
}

/* 1: there; 0: not; -1. */
static int find_extension(X509 *x, const char *oid, const ASN1_OCTET_STRING **out,
			  struct err *e)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int at = X509_get_ext_by_OBJ(x, o, -1);
	int again = at < 0 ? -1 : X509_get_ext_by_OBJ(x, o, at);

	ASN1_OBJECT_free(o);
	if (again >= 0)
		return err_set(e, ERR_INVALID, "extension %s comes twice", oid);
	if (at < 0)
		return 0;
	*out = X509_EXTENSION_get_data(X509_get_ext(x, at));
	return 1;
}

static int read_utf8(const ASN1_OCTET_STRING *s, char out[CERT_TEXT_MAX], struct err *e)
{
	const unsigned char *p = ASN1_STRING_get0_data(s), *end;
	ASN1_UTF8STRING *text;
	int rc = -1;

	end = p + ASN1_STRING_length(s);
	text = d2i_ASN1_UTF8STRING(NULL, &p, ASN1_STRING_length(s));
	ERR_clear_error();
	if (text == NULL || p != end)
		err_set(e, ERR_INVALID, "extension " FULCIO_ISSUER_2 " is malformed");
	else
		rc = copy_text(ASN1_STRING_get0_data(text), ASN1_STRING_length(text), out,
			       e);
	ASN1_UTF8STRING_free(text);
	return rc;
}

int cert_names(const struct cert *c, struct cert_names *out, struct err *e)
{
	const ASN1_OCTET_STRING *old, *new;
	char text[CERT_TEXT_MAX];
	int have_old, have_new;

	memset(out, 0, sizeof(*out));
	have_old = find_extension(c->x, FULCIO_ISSUER_1, &old, e);
	have_new = find_extension(c->x, FULCIO_ISSUER_2, &new, e);
	if (have_old < 0 || have_new < 0 || find_names(c->x, out, e) != 0)
		return -1;
	if (have_new == 1 && read_utf8(new, out->issuer, e) != 0)
		return -1;
	if (have_old == 0)
		return 0;
	if (copy_text(ASN1_STRING_get0_data(old), ASN1_STRING_length(old), text, e) != 0)
		return -1;
	if (have_new == 1 && strcmp(text, out->issuer) != 0)
		return err_set(e, ERR_INVALID, "a certificate that names two issuers");
	memcpy(out->issuer, text, sizeof(text));
	return 0;
}
