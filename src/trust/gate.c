/*
 * gate.c - the order of questions.
 *
 *	no policy, or off            -> yes; by tag also for who asks for it by digest
 *next remembered                   -> that about an image, and no image -> yes signed as
 *the policy wants   -> yes, and so is what it names named by an index that is    -> yes
 *(by digest only) else no: refused, or served with a warning
 *
 * g->mu guards the present rules, which are counted and never change.
 */
#include "trust/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/awaited.h"
#include "trust/gate_about.h"
#include "trust/gate_known.h"
#include "trust/gate_parents.h"
#include "trust/inquiry.h"
#include "trust/verify.h"

struct rules {
	atomic_int refs;
	unsigned long serial; /* another with each reading */
	struct policies *policies;
	char *signers; /* a NUL after each */
	size_t n;
};

struct gate {
	struct mirror *mirror;
	struct store *store;
	struct usage *usage;
	struct gate_known *known;
	pthread_mutex_t mu;  /* guards rules and serial */
	struct rules *rules; /* NULL: nothing is restricted */
	unsigned long serial;
	metric_cell *decided[4];
};

enum decision { SERVED, WARNED, REFUSED, SIGNER };

#define BY_TAG "cosign" /* why it is accepted */

/* What is looked at: the manifest itself, then the indexes that name it. */
struct gate_pass {
	struct rules *rules;
	struct digest asked; /* the manifest that would be given out */
	int64_t since_ms;
	struct stored *subject;
	const struct policy *policy; /* of the subject */
	struct inquiry *inquiry;
	bool texts; /* it is about an image if it holds texts alone */
	bool fresh;
	char why[VERIFY_WHY_MAX]; /* of the manifest itself */
	struct gate_parent parent[GATE_PARENTS_MAX];
	size_t nparents, at;
	bool climbed;
};

/* --- rules ---------------------------------------------------------------------- */

static struct rules *rules_ref(struct gate *g)
{
	struct rules *r;

	pthread_mutex_lock(&g->mu);
	r = g->rules;
	if (r != NULL)
		atomic_fetch_add(&r->refs, 1);
	pthread_mutex_unlock(&g->mu);
	return r;
}

static void rules_unref(struct rules *r)
{
	if (r == NULL || atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	policies_unref(r->policies);
	free(r->signers);
	free(r);
}

struct gate *gate_new(struct mirror *m, struct store *s, struct usage *u)
{
	static const char *const words[] = { "served", "warned", "refused", "signer" };
	struct gate *g = mem_alloc(sizeof(*g));
	struct metric *family = metrics_family(
		METRIC_COUNTER, "larder_policy_decisions_total", "decision",
		"Requests for manifests that a policy is about, by what became of them.");
	size_t i;

	g->mirror = m;
	g->store = s;
	g->usage = u;
	g->known = gate_known_new(GATE_MAX_KNOWN);
	pthread_mutex_init(&g->mu, NULL);
	for (i = 0; i < ARRAY_LEN(words); i++)
		g->decided[i] = metrics_cell(family, words[i], NULL, NULL, NULL);
	return g;
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	rules_unref(g->rules);
	gate_known_free(g->known);
	pthread_mutex_destroy(&g->mu);
	free(g);
}

void gate_set(struct gate *g, struct policies *p, const char *signers, size_t n)
{
	struct rules *new = NULL, *old;

	if (p != NULL) {
		new = mem_alloc(sizeof(*new));
		atomic_init(&new->refs, 1);
		new->policies = p;
		new->signers = mem_alloc(n + 1);
		memcpy(new->signers, signers, n);
		new->n = n;
	}
	pthread_mutex_lock(&g->mu);
	if (new != NULL)
		new->serial = ++g->serial;
	old = g->rules;
	g->rules = new;
	pthread_mutex_unlock(&g->mu);
	gate_known_clear(g->known);
	rules_unref(old);
}

static bool is_signer(const struct rules *r, const char *user)
{
	size_t at;

	for (at = 0; user != NULL && at < r->n; at += strlen(r->signers + at) + 1)
		if (strcmp(r->signers + at, user) == 0)
			return true;
	return false;
}

static const struct policy *policy_of(const struct rules *rules, const struct route *r,
				      const char *tag)
{
	const struct policy *p =
		policies_find(rules->policies, r->site != NULL ? r->site->host : NULL,
			      r->site != NULL ? r->remote.s : r->name.s, tag);

	return p == NULL || policy_mode(p) == POLICY_OFF ? NULL : p;
}

/* --- one request's pass --------------------------------------------------------- */

void gate_pass_free(struct gate_pass *p)
{
	size_t i;

	if (p == NULL)
		return;
	inquiry_free(p->inquiry);
	stored_unref(p->subject);
	for (i = 0; i < p->nparents; i++)
		stored_unref(p->parent[i].index);
	rules_unref(p->rules);
	free(p);
}

struct bell *gate_pass_bell(const struct gate_pass *p, uint64_t *seen)
{
	return inquiry_bell(p->inquiry, seen);
}

static void look_at(struct gate *g, const struct route *r, struct gate_pass *p,
		    struct stored *subject, const struct policy *policy, bool fresh)
{
	struct stored *old = p->subject;

	inquiry_free(p->inquiry);
	p->subject = stored_ref(subject);
	stored_unref(old);
	p->policy = policy;
	p->fresh = fresh;
	p->inquiry = inquiry_new(g->mirror, r, &subject->digest, subject->media_type,
				 subject->n, VISIT_CLIENT, fresh);
}

/* The signature is used whenever its image is: it must not be evicted before. */
static void note_use(struct gate *g, const struct route *r, const struct digest *d)
{
	struct reference ref = { .is_digest = false };

	evidence_tag(d, ref.tag);
	usage_note(g->usage, &r->name, &ref);
}

/* why: what is missing; or, of what is accepted, whether by cosign's tag. */
static bool judge(struct gate_pass *p, char *why, size_t n)
{
	const struct evidence *ev = inquiry_evidence(p->inquiry);
	struct verify_result *result = mem_alloc(sizeof(*result));
	bool accepted;
	size_t i;

	verify_evidence(p->policy, ev, clock_wall_ms(), result);
	accepted = result->accepted;
	snprintf(why, n, "%s", accepted ? "" : result->missing);
	for (i = 0; accepted && i < result->n; i++)
		if (result->sig[i].kind == EVIDENCE_COSIGN &&
		    result->sig[i].verdict == VERIFY_GOOD)
			snprintf(why, n, "%s", BY_TAG);
	free(result);
	return accepted;
}

/* The next index that names what is asked for. False: there is none. 1 in *yes: its tag
 * is under no policy, and what it leads to may go out. */
static bool climb(struct gate *g, const struct route *r, struct gate_pass *p, bool *yes)
{
	struct gate_parent *parent;
	const struct policy *policy;

	if (!p->climbed) {
		p->climbed = true;
		p->nparents = gate_parents_find(g->store, &r->name, &p->subject->digest,
						p->parent);
	}
	*yes = false;
	if (p->at == p->nparents)
		return false;
	parent = &p->parent[p->at++];
	policy = policy_of(p->rules, r, parent->tag);
	*yes = policy == NULL;
	look_at(g, r, p, parent->index, policy, false);
	return true;
}

/* Each piece may take its time, and whoever can write to the registry says how many there
 * are. What has come stays in the store, for who asks next. */
static bool is_late(struct gate_pass *p)
{
	if (clock_passed_ms() - p->since_ms < GATE_PATIENCE_MS)
		return false;
	snprintf(p->why, sizeof(p->why),
		 "its signatures could not all be looked at within %d s",
		 GATE_PATIENCE_MS / 1000);
	return true;
}

/* READY: accepted, and noted. FAILED: not; p->why. */
static enum answer seek(struct gate *g, const struct route *r, bool by_digest,
			struct gate_pass *p)
{
	char why[VERIFY_WHY_MAX];
	enum answer answer;
	struct err e;
	bool yes;

	for (;;) {
		answer = inquiry_step(p->inquiry, &e);
		if (answer == ANSWER_WAIT)
			return is_late(p) ? ANSWER_FAILED : ANSWER_WAIT;
		if (answer == ANSWER_FAILED)
			snprintf(why, sizeof(why), "%s", e.msg);
		else if (judge(p, why, sizeof(why))) {
			snprintf(p->why, sizeof(p->why), "%s", why);
			break;
		}
		if (!p->climbed)
			snprintf(p->why, sizeof(p->why), "%s", why);
		/* It may have been signed since the lists were brought here. */
		if (!p->fresh && r->site != NULL && answer == ANSWER_READY) {
			look_at(g, r, p, p->subject, p->policy, true);
			continue;
		}
		if (!by_digest || !climb(g, r, p, &yes))
			return ANSWER_FAILED;
		if (yes)
			break;
	}
	gate_known_put_all(g->known, p->rules->serial, &r->name, &p->subject->digest,
			   (struct view){ p->subject->body, p->subject->n },
			   clock_passed_ms() + GATE_YES_MS);
	return ANSWER_READY;
}

/* READY: its layers are texts, as a signature's are. */
static enum answer seek_texts(struct gate_pass *p)
{
	struct err e;
	enum answer answer = inquiry_step(p->inquiry, &e);
	const char *gap = evidence_gap(inquiry_evidence(p->inquiry));

	if (answer == ANSWER_WAIT)
		return is_late(p) ? ANSWER_FAILED : ANSWER_WAIT;
	if (answer == ANSWER_READY && gap == NULL)
		return ANSWER_READY;
	snprintf(p->why, sizeof(p->why),
		 "it has a signature's tag, but not a signature's layers: %.300s",
		 gap != NULL ? gap : e.msg);
	return ANSWER_FAILED;
}

/* --- the question --------------------------------------------------------------- */

static void decided(struct gate *g, enum decision d)
{
	metrics_add(g->decided[d], 1);
}

static void image_text(const struct route *r, const struct reference *ref, char *out,
		       size_t n)
{
	char name[ROUTE_SHOWN_MAX], text[DIGEST_TEXT_MAX];

	route_shown(r, name);
	reference_text(ref, text);
	snprintf(out, n, "%s%s%s", name, ref->is_digest ? "@" : ":", text);
}

static enum answer no(struct gate *g, const struct route *r, const struct reference *ref,
		      const struct policy *policy, const char *why, struct gate_say *say,
		      struct err *e)
{
	char image[ROUTE_SHOWN_MAX + DIGEST_TEXT_MAX + 2];

	if (policy_mode(policy) == POLICY_WARN) {
		decided(g, WARNED);
		say->warn = true;
		snprintf(say->why, sizeof(say->why), "%s", why);
		return ANSWER_READY;
	}
	decided(g, REFUSED);
	image_text(r, ref, image, sizeof(image));
	err_set(e, ERR_DENIED, "%s is not served, by the policy for %s: %s", image,
		policy_images(policy), why);
	return ANSWER_FAILED;
}

static void say_no(const struct route *r, const struct reference *ref,
		   const struct stored *m, const struct policy *policy, const char *why)
{
	char image[ROUTE_SHOWN_MAX + DIGEST_TEXT_MAX + 2], digest[DIGEST_TEXT_MAX];

	image_text(r, ref, image, sizeof(image));
	digest_text(&m->digest, digest);
	log_event(LOG_WARN,
		  policy_mode(policy) == POLICY_WARN ? "policy.warned" : "policy.refused",
		  LS("image", image), LS("digest", digest),
		  LS("policy", policy_images(policy)), LS("why", why));
}

/* Nothing is asked of it by this tag; but it is asked for by digest next, and another
 * tag's policy may be strict. */
static void let_through(struct gate *g, const struct rules *rules, const struct route *r,
			const struct stored *m, int64_t now_ms)
{
	struct gate_known_key key = { .serial = rules->serial,
				      .name = &r->name,
				      .digest = &m->digest };
	char why[1];

	if (policy_of(rules, r, "") != NULL &&
	    gate_known_get(g->known, &key, now_ms, why, sizeof(why)) != GATE_YES)
		gate_known_put_all(g->known, rules->serial, &r->name, &m->digest,
				   (struct view){ m->body, m->n }, now_ms + GATE_YES_MS);
}

/* Also in place of a pass that was for another manifest: a tag may move while its
 * signatures are waited for, and what was found is not about what it leads to now. */
static struct gate_pass *begin(struct gate *g, struct rules *rules, const struct route *r,
			       const struct stored *m, const struct policy *policy,
			       bool texts, struct gate_pass *old)
{
	struct gate_pass *p = mem_alloc(sizeof(*p));
	struct stored *copy =
		stored_new(&m->digest, m->media_type, (struct view){ m->body, m->n });

	atomic_fetch_add(&rules->refs, 1);
	p->rules = rules;
	p->asked = m->digest;
	p->since_ms = old != NULL ? old->since_ms : clock_passed_ms();
	look_at(g, r, p, copy, policy, false);
	if (texts) {
		inquiry_free(p->inquiry);
		p->inquiry = inquiry_new_texts(g->mirror, r, copy, VISIT_CLIENT);
	}
	p->texts = texts;
	stored_unref(copy);
	gate_pass_free(old);
	return p;
}

static enum answer ask(struct gate *g, struct rules *rules, const struct route *r,
		       const struct reference *ref, const struct stored *m,
		       const char *user, struct gate_pass **pass, struct gate_say *say,
		       struct err *e)
{
	const char *tag = ref->is_digest ? "" : ref->tag;
	const struct policy *policy = policy_of(rules, r, tag);
	struct gate_known_key key = { .serial = rules->serial,
				      .policy = ref->is_digest ? NULL : policy,
				      .name = &r->name,
				      .digest = &m->digest };
	int64_t now_ms = clock_passed_ms();
	enum gate_known_answer known;
	enum answer answer;
	bool texts = false;

	if (policy == NULL) {
		if (!ref->is_digest)
			let_through(g, rules, r, m, now_ms);
		return ANSWER_READY;
	}
	known = gate_known_get(g->known, &key, now_ms, say->why, sizeof(say->why));
	if (known == GATE_YES) {
		if (strcmp(say->why, BY_TAG) == 0)
			note_use(g, r, &m->digest);
		decided(g, SERVED);
		return ANSWER_READY;
	}
	if (known == GATE_UNKNOWN && gate_about_is((struct view){ m->body, m->n },
						   ref->is_digest ? NULL : ref->tag)) {
		texts = gate_about_could_run((struct view){ m->body, m->n });
		if (!texts)
			return ANSWER_READY;
	}
	if (r->site == NULL && is_signer(rules, user)) {
		decided(g, SIGNER);
		return ANSWER_READY;
	}
	if (known == GATE_NO) {
		char why[sizeof(say->why)];

		memcpy(why, say->why, sizeof(why));
		return no(g, r, ref, policy, why, say, e);
	}
	if (*pass == NULL || !digest_equal(&(*pass)->asked, &m->digest))
		*pass = begin(g, rules, r, m, policy, texts, *pass);
	answer = (*pass)->texts ? seek_texts(*pass) : seek(g, r, ref->is_digest, *pass);
	if (answer == ANSWER_WAIT)
		return ANSWER_WAIT;
	if (answer == ANSWER_READY && (*pass)->texts)
		return ANSWER_READY; /* and nothing of it by another tag */
	/* Who reads the answer slowly keeps no evidence. */
	inquiry_free(TAKE((*pass)->inquiry));
	if (answer == ANSWER_READY) {
		gate_known_put(g->known, &key, true, (*pass)->why, now_ms + GATE_YES_MS);
		decided(g, SERVED);
		return ANSWER_READY;
	}
	gate_known_put(g->known, &key, false, (*pass)->why,
		       clock_passed_ms() + GATE_NO_MS);
	say_no(r, ref, m, policy, (*pass)->why);
	return no(g, r, ref, policy, (*pass)->why, say, e);
}

enum answer gate_ask(struct gate *g, const struct route *r, const struct reference *ref,
		     const struct stored *m, const char *user, struct gate_pass **pass,
		     struct gate_say *say, struct err *e)
{
	struct rules *rules = *pass != NULL ? (*pass)->rules : rules_ref(g);
	bool mine = *pass == NULL;
	enum answer answer;

	say->warn = false;
	say->why[0] = '\0';
	if (rules == NULL)
		return ANSWER_READY;
	answer = ask(g, rules, r, ref, m, user, pass, say, e);
	if (mine)
		rules_unref(rules);
	return answer;
}

int gate_check(struct gate *g, const struct route *r, const struct reference *ref,
	       const struct stored *m, struct gate_say *say, struct err *e)
{
	struct gate_pass *pass = NULL;
	enum answer answer;
	uint64_t seen;

	while ((answer = gate_ask(g, r, ref, m, NULL, &pass, say, e)) == ANSWER_WAIT) {
		struct bell *b = gate_pass_bell(pass, &seen);

		awaited_bell(b, seen);
	}
	gate_pass_free(pass);
	return answer == ANSWER_READY ? 0 : -1;
}
