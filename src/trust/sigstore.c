/*
 * sigstore.c - from a claim to a verdict.  Pure.
 *
 * A signature by a key of the policy is proved by the key. One by a certificate is proved
 * by the chain to an authority at the time that a log's promise or a timestamp proves,
 * since such certificates live for minutes. What comes beside a signature, and could be
 * compared with what the policy knows, must be right, though it might not be needed.
 */
#include "trust/sigstore.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "oci/pattern.h"

void sigstore_claim_done(struct sigstore_claim *c)
{
	size_t i;

	cert_list_done(&c->certs);
	for (i = 0; i < c->nentries; i++)
		tlog_entry_done(&c->entry[i].entry);
	for (i = 0; i < c->ntimes; i++)
		buf_done(&c->time[i]);
	memset(c, 0, sizeof(*c));
}

/* --- the signature --- */

static bool is_by(const struct pubkey *key, const struct rekor_claim *what)
{
	enum pubkey_hash usual = pubkey_usual_hash(key);

	if (what->digest != NULL)
		return pubkey_verify_digest(key, what->digest, what->signature, NULL) ==
		       0;
	/* Older signers hash with SHA-256 whatever the key. */
	return pubkey_verify(key, usual, PUBKEY_PLAIN, what->text, what->signature,
			     NULL) == 0 ||
	       (usual != PUBKEY_SHA256 &&
		pubkey_verify(key, PUBKEY_SHA256, PUBKEY_PLAIN, what->text,
			      what->signature, NULL) == 0);
}

static const struct policy_key *find_key(const struct policy *p,
					 const struct rekor_claim *what)
{
	for (size_t i = 0; p != NULL && i < p->nkeys; i++)
		if (is_by(p->key[i].key, what))
			return &p->key[i];
	return NULL;
}

/* --- the log and the clock --- */

struct proved {
	bool logged;
	int64_t at_ms; /* 0: nothing proves a time */
};

/* Each entry must be about this signature; that costs no arithmetic, so it comes first.
 */
static int match_entries(const struct sigstore_claim *c, struct err *e)
{
	for (size_t i = 0; i < c->nentries; i++) {
		const struct sigstore_entry *x = &c->entry[i];

		if (rekor_match(buf_view(&x->entry.body), x->kind, x->version, &c->what,
				e) != 0)
			return -1;
	}
	return 0;
}

static int check_entries(const struct policy *p, const struct sigstore_claim *c,
			 struct proved *out, struct err *e)
{
	int64_t at_ms = 0;
	size_t i;
	int rc;

	for (i = 0; i < c->nentries; i++) {
		rc = tlog_verify(&c->entry[i].entry, &p->root, &at_ms, e);
		if (rc < 0)
			return -1;
		if (rc == 1)
			continue;
		out->logged = true;
		if (out->at_ms == 0)
			out->at_ms = at_ms;
	}
	if (p->root.nlogs > 0 && c->nentries > 0 && !out->logged)
		return err_set(e, ERR_DENIED,
			       "its log entry is of a log that the policy does not know");
	return 0;
}

static int check_times(const struct policy *p, const struct sigstore_claim *c,
		       struct proved *out, struct err *e)
{
	int64_t at_ms;

	if (p->root.nclocks == 0)
		return 0;
	for (size_t i = 0; i < c->ntimes; i++) {
		if (trustroot_timestamp(&p->root, buf_view(&c->time[i]),
					c->what.signature, &at_ms, e) != 0)
			return -1;
		if (out->at_ms == 0)
			out->at_ms = at_ms;
	}
	return 0;
}

static int prove(const struct policy *p, const struct sigstore_claim *c,
		 struct verify_signature *out, struct proved *got, struct err *e)
{
	*got = (struct proved){ 0 };
	if (check_entries(p, c, got, e) != 0 || check_times(p, c, got, e) != 0)
		return -1;
	out->logged = got->logged;
	if (got->at_ms != 0) {
		out->when_ms = got->at_ms;
		out->when_proved = true;
	}
	return 0;
}

/* --- who --- */

static void say_key(const struct pubkey *key, char out[VERIFY_SIGNER_MAX])
{
	const unsigned char *id = pubkey_id(key);
	size_t i, n = (size_t)snprintf(out, VERIFY_SIGNER_MAX, "key sha256:");

	for (i = 0; i < PUBKEY_ID_BYTES; i++, n += 2)
		snprintf(out + n, VERIFY_SIGNER_MAX - n, "%02x", id[i]);
}

static int judge_key(const struct policy *p, const struct policy_key *k,
		     struct sigstore_claim *c, struct verify_signature *out,
		     struct err *e)
{
	struct proved got;

	say_key(k->key, out->signer);
	snprintf(out->key, sizeof(out->key), "%s", k->file);
	c->what.key = k->key;
	if (c->certs.n > 0 && !pubkey_equal(cert_key(c->certs.cert[0]), k->key))
		return err_set(e, ERR_DENIED, "the certificate beside it is another's");
	if (match_entries(c, e) != 0 || prove(p, c, out, &got, e) != 0)
		return -1;
	out->verdict = VERIFY_GOOD;
	if (p->need_log && !got.logged) {
		out->verdict = VERIFY_OTHER;
		snprintf(out->why, sizeof(out->why),
			 "the policy wants an entry in a transparency log, and there is "
			 "none");
	}
	return 0;
}

static void say_holder(const struct cert_names *names, struct verify_signature *out)
{
	snprintf(out->signer, sizeof(out->signer), "%s",
		 names->n > 0 ? names->name[0] : "");
	snprintf(out->issuer, sizeof(out->issuer), "%s", names->issuer);
}

/* The name that an identity of the policy matches, or NULL. */
static const char *find_identity(const struct policy *p, const struct cert_names *names)
{
	size_t i, j;

	for (i = 0; i < p->nidentities; i++)
		for (j = 0; j < names->n; j++)
			if (pattern_match_text(p->identity[i].issuer, names->issuer) &&
			    pattern_match_text(p->identity[i].subject, names->name[j]))
				return names->name[j];
	return NULL;
}

static int certify(const struct policy *p, const struct sigstore_claim *c,
		   const struct proved *got, struct err *e)
{
	struct cert_list between = { .n = 0 };

	memcpy(between.cert, c->certs.cert + 1,
	       (c->certs.n - 1) * sizeof(*between.cert)); /* borrowed */
	between.n = c->certs.n - 1;
	if (p->root.nlogs > 0 && !got->logged)
		return err_set(e, ERR_DENIED,
			       "it has no entry in a transparency log, which a "
			       "certificate's signature must have");
	if (got->at_ms == 0)
		return err_set(e, ERR_DENIED,
			       "nothing proves when its certificate was used: neither a "
			       "log's signed timestamp nor a timestamp authority");
	return trustroot_certify(&p->root, c->certs.cert[0], &between, got->at_ms / 1000,
				 e);
}

static int judge_cert(const struct policy *p, struct sigstore_claim *c,
		      struct verify_signature *out, struct err *e)
{
	const struct cert *leaf = c->certs.cert[0];
	struct cert_names names;
	struct proved got;
	const char *name;

	if (cert_names(leaf, &names, e) != 0)
		return -1;
	say_holder(&names, out);
	if (match_entries(c, e) != 0)
		return -1;
	if (!is_by(cert_key(leaf), &c->what))
		return err_set(e, ERR_DENIED,
			       "it was not made by the certificate beside it");
	if (p == NULL || p->root.nauthorities == 0)
		return err_set(e, ERR_DENIED,
			       "it is by a certificate, and no trust root is given that "
			       "vouches for it");
	if (prove(p, c, out, &got, e) != 0 || certify(p, c, &got, e) != 0)
		return -1;
	name = find_identity(p, &names);
	out->verdict = name != NULL ? VERIFY_GOOD : VERIFY_OTHER;
	if (name != NULL)
		snprintf(out->signer, sizeof(out->signer), "%s", name);
	else
		snprintf(out->why, sizeof(out->why),
			 "its signer is not one whom the policy accepts");
	return 0;
}

int sigstore_judge(const struct policy *p, struct sigstore_claim *c,
		   struct verify_signature *out, struct err *e)
{
	const struct policy_key *k = find_key(p, &c->what);

	c->what.cert = c->certs.n > 0 ? c->certs.cert[0] : NULL;
	if (k != NULL)
		return judge_key(p, k, c, out, e);
	if (c->certs.n > 0)
		return judge_cert(p, c, out, e);
	if (p == NULL || p->nkeys == 0)
		return err_set(e, ERR_DENIED, "it is by a key, and none is given");
	return err_set(e, ERR_DENIED, "it was not made by %s",
		       p->nkeys == 1 ? "the key given" : "any of the keys given");
}
