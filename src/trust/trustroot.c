/*
 * trustroot.c - what is done with a trust root; trustroot_read.c fills it.
 */
#include "trust/trustroot.h"

#include <string.h>

#include "base/mem.h"
#include "codec/tsa.h"

static void authority_done(struct trustroot_authority *a)
{
	cert_list_done(&a->roots);
	cert_list_done(&a->between);
}

void trustroot_done(struct trustroot *t)
{
	size_t i;

	for (i = 0; i < t->nauthorities; i++)
		authority_done(&t->authority[i]);
	for (i = 0; i < t->nclocks; i++)
		authority_done(&t->clock[i]);
	for (i = 0; i < t->nlogs; i++)
		pubkey_free(t->log[i].key);
	for (i = 0; i < t->nctlogs; i++)
		pubkey_free(t->ctlog[i].key);
	memset(t, 0, sizeof(*t));
}

const struct trustroot_log *trustroot_find_log(const struct trustroot *t,
					       const unsigned char id[TRUSTROOT_ID_BYTES])
{
	for (size_t i = 0; i < t->nlogs; i++)
		if (memcmp(t->log[i].id, id, TRUSTROOT_ID_BYTES) == 0)
			return &t->log[i];
	return NULL;
}

/* Borrowed certificates of both: not to be released. */
static int join(const struct cert_list *a, const struct cert_list *b,
		struct cert_list *out, struct err *e)
{
	if (a->n + b->n > CERT_MAX_LIST)
		return err_set(e, ERR_LIMIT, "more than %d certificates", CERT_MAX_LIST);
	*out = *a;
	memcpy(out->cert + a->n, b->cert, b->n * sizeof(*b->cert));
	out->n += b->n;
	return 0;
}

/* A certificate beside the chain proves nothing; somebody has put it there. */
static int check_all_used(const struct cert_list *between, const struct cert_chain *chain,
			  struct err *e)
{
	size_t i, j;

	for (i = 0; i < between->n; i++) {
		for (j = 0; j < chain->n; j++)
			if (cert_equal(between->cert[i], chain->cert[j]))
				break;
		if (j == chain->n)
			return err_set(
				e, ERR_DENIED,
				"a certificate beside it is not part of its chain");
	}
	return 0;
}

static int check_promise(const struct trustroot *t, const struct cert_chain *chain,
			 struct err *e)
{
	const struct pubkey *key;
	int64_t at_ms;
	size_t i;

	if (t->nctlogs == 0)
		return 0;
	if (chain->n < 2)
		return err_set(e, ERR_DENIED, "its certificate is itself a root");
	for (i = 0; i < t->nctlogs; i++) {
		key = t->ctlog[i].key;
		if (cert_sct_check(chain->cert[0], chain->cert[1], &key, 1, &at_ms, e) ==
			    0 &&
		    at_ms / 1000 >= t->ctlog[i].from_s &&
		    at_ms / 1000 <= t->ctlog[i].until_s)
			return 0;
	}
	return err_set(e, ERR_DENIED,
		       "no certificate log of the trust root has promised to list its "
		       "certificate");
}

int trustroot_certify(const struct trustroot *t, const struct cert *leaf,
		      const struct cert_list *between, int64_t at_s, struct err *e)
{
	struct cert_chain chain;
	struct cert_list all;
	int rc = err_set(e, ERR_DENIED,
			 "the trust root has no certificate authority for that time");
	size_t i;

	for (i = 0; i < t->nauthorities; i++) {
		const struct trustroot_authority *a = &t->authority[i];

		if (at_s < a->from_s || at_s > a->until_s)
			continue;
		if (join(&a->between, between, &all, e) != 0)
			return -1;
		rc = cert_chain_find(leaf, &all, &a->roots, at_s, CERT_FOR_CODE, &chain,
				     e);
		if (rc == 0)
			break;
	}
	if (rc != 0 || check_all_used(between, &chain, e) != 0)
		return -1;
	return check_promise(t, &chain, e);
}

int trustroot_timestamp(const struct trustroot *t, struct view response, struct view over,
			int64_t *at_ms, struct err *e)
{
	int64_t at;

	if (t->nclocks == 0)
		return err_set(e, ERR_DENIED,
			       "the trust root has no timestamp authority");
	for (size_t i = 0; i < t->nclocks; i++) {
		const struct trustroot_authority *a = &t->clock[i];

		if (tsa_verify(response, over, &a->roots, &a->between, &at, e) != 0)
			continue;
		if (at / 1000 < a->from_s || at / 1000 > a->until_s) {
			err_set(e, ERR_DENIED,
				"its timestamp is of a time for which the authority is "
				"not trusted");
			continue;
		}
		*at_ms = at;
		return 0;
	}
	return -1;
}
