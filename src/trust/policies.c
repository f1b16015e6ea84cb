/*
 * policies.c - policies made from what people wrote and the files that it names.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/pem.h"
#include "oci/pattern.h"
#include "trust/policies_impl.h"
#include "trust/policy.h"
#include "trust/policy_impl.h"

#define SUBJECT_WORD "x509.subject:"

static void policy_free(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->nkeys; i++) {
		pubkey_free(p->key[i].key);
		free(p->key[i].file);
	}
	for (i = 0; i < p->nidentities; i++) {
		free(p->identity[i].issuer);
		free(p->identity[i].subject);
	}
	for (i = 0; i < p->nnotation_identities; i++)
		free(p->notation_identity[i]);
	for (i = 0; i < p->nattestations; i++)
		free(p->attestation[i]);
	cert_list_done(&p->notation_ca);
	trustroot_done(&p->root);
	free(p->images);
	free(p);
}

void policies_unref(struct policies *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) > 1)
		return;
	for (size_t i = 0; i < p->n; i++)
		policy_free(p->policy[i]);
	free(p->policy);
	free(p);
}

struct policies *policies_ref(struct policies *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

/* --- keys --- */

static int add_keys(struct policy *p, const char *file, struct view pem, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(PUBKEY_MAX_BYTES);
	char label[PEM_LABEL_MAX];
	size_t had = p->nkeys;
	int rc;

	while ((rc = pem_next(&pem, PEM_FILE, label, &der, e)) == 1) {
		if (strstr(label, "PRIVATE") != NULL)
			return err_set(e, ERR_INVALID,
				       "it is a private key, which nobody but its signer "
				       "should have; the public one is asked for");
		if (strcmp(label, "PUBLIC KEY") != 0)
			continue;
		if (p->nkeys == POLICY_MAX_FILES)
			return err_set(e, ERR_LIMIT, "more than %d keys",
				       POLICY_MAX_FILES);
		if (pubkey_read_der(buf_view(&der), &p->key[p->nkeys].key, e) != 0)
			return -1;
		p->key[p->nkeys++].file = mem_dup(file);
	}
	if (rc == 0 && p->nkeys == had)
		return err_set(e, ERR_INVALID, "no PUBLIC KEY in PEM form");
	return rc;
}

static int add_notation(struct policy *p, const char *file, struct view pem,
			struct err *e)
{
	return cert_list_read(&p->notation_ca, pem, PEM_FILE, e);
}

static int add_ca(struct policy *p, const char *file, struct view pem, struct err *e)
{
	return trustroot_read_ca(&p->root, pem, e);
}

static int add_log(struct policy *p, const char *file, struct view pem, struct err *e)
{
	return trustroot_read_log(&p->root, pem, e);
}

static int add_root(struct policy *p, const char *file, struct view json, struct err *e)
{
	return trustroot_read_json(&p->root, json, e);
}

static int add_files(struct policy *p, const char *const *file, size_t n,
		     int (*add)(struct policy *p, const char *file, struct view text,
				struct err *e),
		     struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(TRUSTROOT_MAX_BYTES);
	size_t i;

	if (n > POLICY_MAX_FILES)
		return err_set(e, ERR_LIMIT, "more than %d files of a kind",
			       POLICY_MAX_FILES);
	for (i = 0; i < n; i++) {
		if (fs_read(AT_FDCWD, file[i], &text, e) != 0)
			return -1;
		if (add(p, file[i], buf_view(&text), e) != 0)
			return err_add(e, "%s", file[i]);
	}
	return 0;
}

/* --- identities --- */

static int check_text(const char *text, const char *what, struct err *e)
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0)
		return err_set(e, ERR_INVALID, "an identity without %s", what);
	if (n > POLICY_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "an identity's %s of more than %d bytes",
			       what, POLICY_TEXT_MAX);
	return 0;
}

static int add_identities(struct policy *p, const struct policy_spec *s, struct err *e)
{
	size_t i;

	if (s->nidentities > POLICY_MAX_IDENTITIES)
		return err_set(e, ERR_LIMIT, "more than %d identities",
			       POLICY_MAX_IDENTITIES);
	for (i = 0; i < s->nidentities; i++) {
		if (check_text(s->identity[i].issuer, "issuer", e) != 0 ||
		    check_text(s->identity[i].subject, "subject", e) != 0)
			return -1;
		p->identity[i].issuer = mem_dup(s->identity[i].issuer);
		p->identity[i].subject = mem_dup(s->identity[i].subject);
		p->nidentities++;
	}
	return 0;
}

static int add_notation_identity(struct policy *p, const char *text, struct err *e)
{
	const char *subject = text + strlen(SUBJECT_WORD);

	if (check_text(text, "text", e) != 0)
		return -1;
	if (strcmp(text, "*") == 0) {
		p->notation_identity[p->nnotation_identities++] = NULL;
		return 0;
	}
	if (strncmp(text, SUBJECT_WORD, strlen(SUBJECT_WORD)) != 0)
		return err_set(e, ERR_INVALID,
			       "notation identity \"%.100s\": neither \"*\" nor "
			       "\"" SUBJECT_WORD " C=..., O=...\"",
			       text);
	if (cert_name_matches(NULL, subject, e) != 0)
		return err_add(e, "notation identity");
	p->notation_identity[p->nnotation_identities++] =
		mem_dup(subject + strspn(subject, " "));
	return 0;
}

static int add_notation_identities(struct policy *p, const struct policy_spec *s,
				   struct err *e)
{
	size_t i;

	if (s->nnotation_identities > POLICY_MAX_IDENTITIES)
		return err_set(e, ERR_LIMIT, "more than %d identities",
			       POLICY_MAX_IDENTITIES);
	for (i = 0; i < s->nnotation_identities; i++)
		if (add_notation_identity(p, s->notation_identity[i], e) != 0)
			return -1;
	return 0;
}

static int add_attestations(struct policy *p, const struct policy_spec *s, struct err *e)
{
	size_t i;

	if (s->nattestations > POLICY_MAX_IDENTITIES)
		return err_set(e, ERR_LIMIT, "more than %d types of attestations",
			       POLICY_MAX_IDENTITIES);
	for (i = 0; i < s->nattestations; i++) {
		if (check_text(s->attestation[i], "type of attestation", e) != 0)
			return -1;
		p->attestation[p->nattestations++] = mem_dup(s->attestation[i]);
	}
	return 0;
}

/* --- policies --- */

static int check_whole(const struct policy *p, struct err *e)
{
	if (p->nidentities > 0 && p->root.nauthorities == 0)
		return err_set(e, ERR_INVALID,
			       "it accepts identities, but has no trust root with a "
			       "certificate authority that vouches for them");
	if (p->nidentities > 0 && p->root.nlogs == 0 && p->root.nclocks == 0)
		return err_set(e, ERR_INVALID,
			       "it accepts identities, but its trust root has neither a "
			       "transparency log nor a timestamp authority, so that "
			       "nothing could prove when their certificates were used");
	if (p->need_log && p->root.nlogs == 0)
		return err_set(e, ERR_INVALID,
			       "it wants log entries, but knows no transparency log's "
			       "key");
	if (p->notation_ca.n > 0 && p->nnotation_identities == 0)
		return err_set(e, ERR_INVALID,
			       "it has notation's certificates, but accepts no "
			       "identity; \"*\" means anyone");
	if (p->nnotation_identities > 0 && p->notation_ca.n == 0)
		return err_set(e, ERR_INVALID,
			       "it accepts notation's identities, but has no "
			       "certificates for them");
	if (p->mode != POLICY_OFF && p->nkeys == 0 && p->nidentities == 0 &&
	    p->nnotation_identities == 0)
		return err_set(e, ERR_INVALID,
			       "it accepts nothing: no key, no identity, no notation "
			       "certificate");
	return 0;
}

static int fill(struct policy *p, const struct policy_spec *s, struct err *e)
{
	p->mode = s->mode;
	p->need_log = s->need_log;
	if (s->images != NULL) {
		if (pattern_check(s->images, e) != 0)
			return -1;
		p->images = mem_dup(s->images);
	}
	if (add_files(p, s->key, s->nkeys, add_keys, e) != 0 ||
	    add_files(p, &s->trust_root, s->trust_root != NULL, add_root, e) != 0 ||
	    add_files(p, s->ca, s->nca, add_ca, e) != 0 ||
	    add_files(p, s->log_key, s->nlog_keys, add_log, e) != 0 ||
	    add_files(p, s->notation_ca, s->nnotation_ca, add_notation, e) != 0 ||
	    add_identities(p, s, e) != 0 || add_attestations(p, s, e) != 0 ||
	    add_notation_identities(p, s, e) != 0)
		return -1;
	return check_whole(p, e);
}

int policies_load(const struct policy_spec *spec, size_t n, struct policies **out,
		  struct err *e)
{
	struct policies *p;
	size_t i;

	if (n > POLICY_MAX)
		return err_set(e, ERR_LIMIT, "more than %d policies", POLICY_MAX);
	p = mem_alloc(sizeof(*p));
	atomic_init(&p->refs, 1);
	p->policy = mem_alloc((n + 1) * sizeof(struct policy *));
	for (i = 0; i < n; i++) {
		p->policy[p->n++] = mem_alloc(sizeof(struct policy));
		if (fill(p->policy[i], &spec[i], e) == 0)
			continue;
		policies_unref(p);
		return err_add(e, "the policy for %s",
			       spec[i].images != NULL ? spec[i].images : "all images");
	}
	*out = p;
	return 0;
}
