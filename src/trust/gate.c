/*
 * gate.c - the order of questions.
 *
 *	no policy, or off   -> yes; by tag also for who asks for it by digest next
 *	remembered          -> that
 *	a signer, local     -> yes
 *	looked at, by a case of all who ask (gate_cases.h, gate_look.h):
 *	about an image      -> yes
 *	signed as wanted    -> yes, and so is what it names
 *	by digest: named by what goes out by its tag -> yes
 *	else                -> no: refused, or served with a warning
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
#include "trust/evidence.h"
#include "trust/gate_cases.h"
#include "trust/gate_known.h"
#include "trust/gate_look.h"
#include "trust/gate_rules.h"

struct gate {
	struct mirror *mirror;
	struct usage *usage;
	struct gate_known *known;
	struct gate_cases *cases;
	pthread_mutex_t mu;	  /* guards rules and serial */
	struct gate_rules *rules; /* NULL: nothing is restricted */
	unsigned long serial;
	atomic_llong busy_said_ms;
	metric_cell *decided[5];
};

enum decision { SERVED, WARNED, REFUSED, SIGNER, BUSY };

#define BUSY_SAID_MS 1000 /* a line in so long */

struct gate_pass {
	struct gate_rules *rules;
	struct digest asked; /* the manifest that would be given out */
	int64_t since_ms;
	struct gate_case *c;
	uint64_t seen; /* of its bell */
};

/* --- rules ---------------------------------------------------------------------- */

static struct gate_rules *rules_ref(struct gate *g)
{
	struct gate_rules *r;

	pthread_mutex_lock(&g->mu);
	r = g->rules != NULL ? gate_rules_ref(g->rules) : NULL;
	pthread_mutex_unlock(&g->mu);
	return r;
}

struct gate *gate_new(struct mirror *m, struct usage *u)
{
	static const char *const words[] = { "served", "warned", "refused", "signer",
					     "busy" };
	struct gate *g = mem_alloc(sizeof(*g));
	struct metric *family = metrics_family(
		METRIC_COUNTER, "larder_policy_decisions_total", "decision",
		"Requests for manifests that a policy is about, by what became of them.");
	size_t i;

	g->mirror = m;
	g->usage = u;
	g->known = gate_known_new(GATE_MAX_KNOWN);
	g->cases = gate_cases_new(g->known);
	pthread_mutex_init(&g->mu, NULL);
	atomic_init(&g->busy_said_ms, -BUSY_SAID_MS);
	for (i = 0; i < ARRAY_LEN(words); i++)
		g->decided[i] = metrics_cell(family, words[i], NULL, NULL, NULL);
	return g;
}

void gate_cancel(struct gate *g)
{
	gate_cases_cancel(g->cases);
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	gate_cases_free(g->cases);
	gate_rules_unref(g->rules);
	gate_known_free(g->known);
	pthread_mutex_destroy(&g->mu);
	free(g);
}

void gate_set(struct gate *g, struct policies *p, const char *signers, size_t n)
{
	struct gate_rules *old;

	pthread_mutex_lock(&g->mu);
	old = g->rules;
	g->rules = p != NULL ? gate_rules_new(p, signers, n, ++g->serial) : NULL;
	pthread_mutex_unlock(&g->mu);
	gate_known_clear(g->known);
	gate_rules_unref(old);
}

/* --- one request's pass --------------------------------------------------------- */

void gate_pass_free(struct gate_pass *p)
{
	if (p == NULL)
		return;
	gate_case_unref(p->c);
	gate_rules_unref(p->rules);
	free(p);
}

struct bell *gate_pass_bell(const struct gate_pass *p, uint64_t *seen)
{
	*seen = p->seen;
	return gate_case_bell(p->c);
}

/* A tag may move, and policies may be read again, while signatures are waited for: what
 * is found is about what the tag led to, by what the policies were. */
static bool is_still_it(const struct gate_pass *p, const struct gate_rules *rules,
			const struct digest *d)
{
	return p != NULL && p->rules == rules && digest_equal(&p->asked, d);
}

/* In place of *pass. FAILED: *e. READY: it has begun. */
static enum answer begin(struct gate *g, const struct gate_question *q,
			 struct gate_pass **pass, struct err *e)
{
	struct gate_pass *old = *pass, *p;
	int64_t now_ms = clock_passed_ms();
	struct gate_case *c;

	if (old != NULL && now_ms - old->since_ms >= GATE_PATIENCE_MS) {
		err_set(e, ERR_BUSY,
			"what the tag leads to changed while its signatures were looked "
			"at; try again");
		return ANSWER_FAILED;
	}
	c = gate_cases_join(g->cases, q, e);
	if (c == NULL)
		return ANSWER_FAILED;
	p = mem_alloc(sizeof(*p));
	p->rules = gate_rules_ref(q->rules);
	p->asked = q->m->digest;
	p->since_ms = old != NULL ? old->since_ms : now_ms;
	p->c = c;
	gate_pass_free(old);
	*pass = p;
	return ANSWER_READY;
}

static enum answer look(struct gate *g, const struct gate_question *q,
			struct gate_pass **pass, struct err *e)
{
	const struct gate_result *result;
	struct gate_pass *p = *pass;

	if (!is_still_it(p, q->rules, &q->m->digest)) {
		if (begin(g, q, pass, e) != ANSWER_READY)
			return ANSWER_FAILED;
		p = *pass;
	}
	p->seen = bell_count(gate_case_bell(p->c));
	result = gate_case_result(p->c);
	if (result == NULL)
		return ANSWER_WAIT;
	if (result->answer != ANSWER_READY)
		*e = result->err;
	return result->answer;
}

/* --- the question --------------------------------------------------------------- */

static void decided(struct gate *g, enum decision d)
{
	metrics_add(g->decided[d], 1);
}

/* The signature is used whenever its image is: it must not be evicted before. */
static void note_use(struct gate *g, const struct route *r, const struct digest *d)
{
	struct reference ref = { .is_digest = false };

	evidence_tag(d, ref.tag);
	usage_note(g->usage, &r->name, &ref);
}

static enum answer served(struct gate *g, const struct gate_question *q, const char *why)
{
	if (strcmp(why, GATE_LOOK_ABOUT) == 0)
		return ANSWER_READY;
	if (strcmp(why, GATE_LOOK_TAG) == 0)
		note_use(g, q->route, &q->m->digest);
	decided(g, SERVED);
	return ANSWER_READY;
}

static void say_busy(struct gate *g, const char *image, const struct err *e)
{
	long long now_ms = clock_passed_ms(), then_ms = atomic_load(&g->busy_said_ms);

	if (now_ms - then_ms >= BUSY_SAID_MS &&
	    atomic_compare_exchange_strong(&g->busy_said_ms, &then_ms, now_ms))
		log_event(LOG_WARN, "policy.busy", LS("image", image), LS("why", e->msg));
}

/* It goes out by this tag, whatever it is; but it is asked for by digest next, and
 * another tag's policy may be strict. */
static void let_through(struct gate *g, const struct gate_question *q)
{
	struct gate_known_key key = { .serial = q->rules->serial,
				      .name = &q->route->name,
				      .digest = &q->m->digest };
	int64_t now_ms = clock_passed_ms();
	char why[1];

	if (gate_rules_policy(q->rules, q->route, "") != NULL &&
	    gate_known_get(g->known, &key, now_ms, why, sizeof(why)) != GATE_YES)
		gate_known_put_all(g->known, q->rules->serial, &q->route->name,
				   &q->m->digest, (struct view){ q->m->body, q->m->n },
				   now_ms + GATE_YES_MS);
}

/* why: what is wrong with it; *e, of another kind than ERR_DENIED: why nobody knows. */
static enum answer no(struct gate *g, const struct gate_question *q, struct gate_say *say,
		      struct err *e)
{
	char image[GATE_LOOK_NAME_MAX], why[sizeof(e->msg)];
	bool busy = e->kind != ERR_DENIED;

	if (policy_mode(q->policy) == POLICY_WARN) {
		if (!q->ref->is_digest)
			let_through(g, q);
		decided(g, WARNED);
		say->warn = true;
		snprintf(say->why, sizeof(say->why), "%s", e->msg);
		return ANSWER_READY;
	}
	decided(g, busy ? BUSY : REFUSED);
	gate_look_name(q->route, q->ref, image);
	if (busy) {
		say_busy(g, image, e);
		err_add(e, "%s is not served now", image);
		return ANSWER_FAILED;
	}
	memcpy(why, e->msg, sizeof(why));
	err_set(e, ERR_DENIED, "%s is not served, by the policy for %s: %s", image,
		policy_images(q->policy), why);
	return ANSWER_FAILED;
}

static enum answer ask(struct gate *g, const struct gate_question *q, const char *user,
		       struct gate_pass **pass, struct gate_say *say, struct err *e)
{
	struct gate_known_key key;
	char why[sizeof(e->msg)];
	enum answer answer;

	if (q->policy == NULL) {
		if (!q->ref->is_digest)
			let_through(g, q);
		return ANSWER_READY;
	}
	key = gate_look_key(q);
	switch (gate_known_get(g->known, &key, clock_passed_ms(), why, sizeof(why))) {
	case GATE_YES:
		return served(g, q, why);
	case GATE_NO:
		err_set(e, ERR_DENIED, "%s", why);
		answer = ANSWER_FAILED;
		break;
	default:
		answer = ANSWER_WAIT;
	}
	if (q->route->site == NULL && gate_rules_signer(q->rules, user)) {
		decided(g, SIGNER);
		return ANSWER_READY;
	}
	if (answer == ANSWER_WAIT)
		answer = look(g, q, pass, e);
	if (answer == ANSWER_READY)
		decided(g, SERVED);
	return answer == ANSWER_FAILED ? no(g, q, say, e) : answer;
}

enum answer gate_ask(struct gate *g, const struct route *r, const struct reference *ref,
		     struct stored *m, const char *user, struct gate_pass **pass,
		     struct gate_say *say, struct err *e)
{
	struct gate_rules *rules = rules_ref(g);
	struct gate_question q = {
		.mirror = g->mirror, .rules = rules, .route = r, .ref = ref, .m = m
	};
	enum answer answer;

	say->warn = false;
	say->why[0] = '\0';
	if (rules == NULL)
		return ANSWER_READY;
	q.policy = gate_rules_policy(rules, r, ref->is_digest ? "" : ref->tag);
	answer = ask(g, &q, user, pass, say, e);
	gate_rules_unref(rules);
	return answer;
}

int gate_check(struct gate *g, const struct route *r, const struct reference *ref,
	       struct stored *m, struct gate_say *say, struct err *e)
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
