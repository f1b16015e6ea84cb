/*
 * gate_look.c - the way of one look.
 *
 *	BEGIN -> TEXTS       about an image, if it holds texts alone
 *	      -> SIGNATURES  its own; once more, with fresh lists
 *	         -> PARENTS  by digest: for each tag that leads to it, or to an index
 *	                     that names it, back to SIGNATURES: that manifest's
 */
#include "trust/gate_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/gate_about.h"
#include "trust/gate_parents.h"
#include "trust/inquiry.h"
#include "trust/verify.h"

enum stage { BEGIN, TEXTS, SIGNATURES, PARENTS };

struct gate_look {
	struct mirror *mirror;
	const atomic_bool *stop;
	struct gate_rules *rules;
	struct route route;
	struct reference ref;
	const struct policy *policy; /* of what is asked for */
	struct stored *asked;
	int64_t since_ms;

	enum stage stage;
	struct stored *subject; /* that, or an index that names it */
	const struct policy *subject_policy;
	struct inquiry *inquiry;
	bool fresh;
	char why[VERIFY_WHY_MAX]; /* of what is asked for; or how it is accepted */
	struct gate_parent parent[GATE_PARENTS_MAX];
	size_t nparents, at;
	bool climbed;
};

struct gate_known_key gate_look_key(const struct gate_question *q)
{
	return (struct gate_known_key){
		.serial = q->rules->serial,
		.policy = q->ref->is_digest ? NULL : q->policy,
		.tool = !q->ref->is_digest && gate_about_tag(q->ref->tag),
		.name = &q->route->name,
		.digest = &q->m->digest,
	};
}

struct gate_look *gate_look_new(const struct gate_question *q, const atomic_bool *stop)
{
	struct gate_look *l = mem_alloc(sizeof(*l));

	l->mirror = q->mirror;
	l->stop = stop;
	l->rules = gate_rules_ref(q->rules);
	route_copy(&l->route, q->route);
	l->ref = *q->ref;
	l->policy = q->policy;
	l->asked = stored_ref(q->m);
	l->since_ms = clock_passed_ms();
	return l;
}

void gate_look_free(struct gate_look *l)
{
	size_t i;

	if (l == NULL)
		return;
	inquiry_free(l->inquiry);
	stored_unref(l->subject);
	stored_unref(l->asked);
	for (i = 0; i < l->nparents; i++)
		stored_unref(l->parent[i].index);
	gate_rules_unref(l->rules);
	route_done(&l->route);
	free(l);
}

struct bell *gate_look_bell(const struct gate_look *l, uint64_t *seen)
{
	return inquiry_bell(l->inquiry, seen);
}

size_t gate_look_bytes(const struct gate_look *l)
{
	size_t n = l->asked->n, i;

	if (l->inquiry != NULL)
		n += inquiry_evidence(l->inquiry)->bytes;
	for (i = 0; i < l->nparents; i++)
		n += l->parent[i].index->n;
	return n;
}

/* Each piece may take its time, and whoever can write to the registry says how many there
 * are. What has come stays in the store, for who asks next. */
bool gate_look_late(const struct gate_look *l, struct err *e)
{
	if (clock_passed_ms() - l->since_ms < GATE_PATIENCE_MS)
		return false;
	err_set(e, ERR_DENIED, "its signatures could not all be looked at within %d s",
		GATE_PATIENCE_MS / 1000);
	return true;
}

static void look_at(struct gate_look *l, struct stored *subject,
		    const struct policy *policy, bool fresh)
{
	struct stored *old = l->subject;

	inquiry_free(l->inquiry);
	l->subject = stored_ref(subject);
	stored_unref(old);
	l->subject_policy = policy;
	l->fresh = fresh;
	l->inquiry = inquiry_new(l->mirror, &l->route, &subject->digest,
				 subject->media_type, subject->n, VISIT_CLIENT,
				 fresh ? INQUIRY_FRESH : INQUIRY_KEPT);
	l->stage = SIGNATURES;
}

/* True: it is about an image, and no engine could run it. */
static bool begin(struct gate_look *l)
{
	struct view body = { l->asked->body, l->asked->n };

	if (!gate_about_is(body, l->ref.is_digest ? NULL : l->ref.tag)) {
		look_at(l, l->asked, l->policy, false);
		return false;
	}
	if (!gate_about_could_run(body)) {
		snprintf(l->why, sizeof(l->why), "%s", GATE_LOOK_ABOUT);
		return true;
	}
	l->inquiry = inquiry_new_texts(l->mirror, &l->route, l->asked, VISIT_CLIENT);
	l->stage = TEXTS;
	return false;
}

static enum answer no(const char *why, struct err *e)
{
	err_set(e, ERR_DENIED, "%s", why);
	return ANSWER_FAILED;
}

/* READY: its layers are texts, as a signature's are. */
static enum answer look_at_texts(struct gate_look *l, struct err *e)
{
	enum answer answer = inquiry_step(l->inquiry, e);
	const char *gap;

	if (answer != ANSWER_READY)
		return answer;
	inquiry_read(l->inquiry);
	gap = evidence_gap(inquiry_evidence(l->inquiry));
	if (gap == NULL) {
		snprintf(l->why, sizeof(l->why), "%s", GATE_LOOK_ABOUT);
		return ANSWER_READY;
	}
	err_set(e, ERR_DENIED,
		"it has a signature's tag, but not a signature's layers: %.300s", gap);
	return ANSWER_FAILED;
}

/* why: what is missing; or, of what is accepted, whether by cosign's tag. */
static bool judge(struct gate_look *l, char *why, size_t n)
{
	struct verify_result *result = mem_alloc(sizeof(*result));
	bool accepted;
	size_t i;

	inquiry_read(l->inquiry);
	verify_evidence(l->subject_policy, inquiry_evidence(l->inquiry), clock_wall_ms(),
			result);
	accepted = result->accepted;
	snprintf(why, n, "%s", accepted ? "" : result->missing);
	for (i = 0; accepted && i < result->n; i++)
		if (result->sig[i].kind == EVIDENCE_COSIGN &&
		    result->sig[i].verdict == VERIFY_GOOD)
			snprintf(why, n, "%s", GATE_LOOK_TAG);
	free(result);
	return accepted;
}

/* READY: accepted. WAIT also where the next is to be looked at: *again. */
static enum answer look_at_signatures(struct gate_look *l, bool *again, struct err *e)
{
	enum answer answer = inquiry_step(l->inquiry, e);
	char why[VERIFY_WHY_MAX];

	if (answer != ANSWER_READY)
		return answer;
	if (judge(l, why, sizeof(why))) {
		snprintf(l->why, sizeof(l->why), "%s", why);
		return ANSWER_READY;
	}
	if (!l->climbed)
		snprintf(l->why, sizeof(l->why), "%s", why);
	/* It may have been signed since the lists were brought here. */
	if (!l->fresh && l->route.site != NULL)
		look_at(l, l->subject, l->subject_policy, true);
	else if (l->ref.is_digest)
		l->stage = PARENTS;
	else
		return no(l->why, e);
	*again = true;
	return ANSWER_WAIT;
}

/* READY: an index names it that goes out by its tag whatever it is, and so may this. */
static enum answer climb(struct gate_look *l, bool *again, struct err *e)
{
	struct gate_parent *parent;
	const struct policy *policy;

	inquiry_free(TAKE(l->inquiry));
	if (!l->climbed) {
		l->climbed = true;
		l->nparents = gate_parents_find(mirror_store(l->mirror), &l->route.name,
						&l->asked->digest, l->parent);
	}
	if (l->at == l->nparents)
		return no(l->why, e);
	parent = &l->parent[l->at++];
	policy = gate_rules_policy(l->rules, &l->route, parent->tag);
	look_at(l, parent->index, policy, false);
	if (policy == NULL || policy_mode(policy) == POLICY_WARN) {
		l->why[0] = '\0';
		return ANSWER_READY;
	}
	*again = true;
	return ANSWER_WAIT;
}

enum answer gate_look_go(struct gate_look *l, struct err *e)
{
	enum answer answer;
	bool again = true;

	while (again) {
		again = false;
		if (atomic_load(l->stop)) {
			err_set(e, ERR_CANCELLED, "larder is stopping");
			return ANSWER_FAILED;
		}
		switch (l->stage) {
		case BEGIN:
			if (begin(l))
				return ANSWER_READY;
			answer = ANSWER_WAIT;
			again = true;
			break;
		case TEXTS:
			answer = look_at_texts(l, e);
			break;
		case SIGNATURES:
			answer = look_at_signatures(l, &again, e);
			break;
		default:
			answer = climb(l, &again, e);
		}
		if (answer == ANSWER_WAIT && gate_look_late(l, e))
			return ANSWER_FAILED;
	}
	return answer;
}

void gate_look_name(const struct route *r, const struct reference *ref,
		    char out[GATE_LOOK_NAME_MAX])
{
	char name[ROUTE_SHOWN_MAX], text[DIGEST_TEXT_MAX];

	route_shown(r, name);
	reference_text(ref, text);
	snprintf(out, GATE_LOOK_NAME_MAX, "%s%s%s", name, ref->is_digest ? "@" : ":",
		 text);
}

static void say_no(const struct gate_look *l, const char *why)
{
	char image[GATE_LOOK_NAME_MAX], digest[DIGEST_TEXT_MAX];

	gate_look_name(&l->route, &l->ref, image);
	digest_text(&l->asked->digest, digest);
	log_event(LOG_WARN,
		  policy_mode(l->policy) == POLICY_WARN ? "policy.warned"
							: "policy.refused",
		  LS("image", image), LS("digest", digest),
		  LS("policy", policy_images(l->policy)), LS("why", why));
}

void gate_look_remember(struct gate_look *l, struct gate_known *known, enum answer answer,
			const struct err *e)
{
	const struct gate_question q = { .rules = l->rules,
					 .policy = l->policy,
					 .route = &l->route,
					 .ref = &l->ref,
					 .m = l->asked };
	struct gate_known_key key = gate_look_key(&q);
	int64_t now_ms = clock_passed_ms();

	if (answer == ANSWER_READY) {
		if (l->subject != NULL)
			gate_known_put_all(
				known, l->rules->serial, &l->route.name,
				&l->subject->digest,
				(struct view){ l->subject->body, l->subject->n },
				now_ms + GATE_YES_MS);
		gate_known_put(known, &key, true, l->why, now_ms + GATE_YES_MS);
	} else if (e->kind == ERR_DENIED) {
		gate_known_put(known, &key, false, e->msg, now_ms + GATE_NO_MS);
		say_no(l, e->msg);
	}
}
