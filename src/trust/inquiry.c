/*
 * inquiry.c - the way to an image's evidence, step by step.
 *
 *	TAG -> LIST -> MANIFESTS -> BODIES -> OVER, then inquiry_read
 *
 * One thing is asked for at a time, each with a visit of its own; signatures are few and
 * small. What an upstream refuses is noted, and the way goes on. Bodies are read when all
 * are in the store: a crowd that waits for one holds none of the others.
 */
#include "trust/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "mirror/ask_blob.h"
#include "mirror/ask_manifest.h"
#include "mirror/ask_referrers.h"
#include "mirror/awaited.h"
#include "mirror/flight.h"
#include "store/blob.h"
#include "store/referrers.h"

#define LOCAL_LIST_MAX (1u << 20)

enum stage { TAG, LIST, MANIFESTS, BODIES, OVER };

struct inquiry {
	struct mirror *m;
	struct store *store;
	struct route route;
	enum visit_for who;
	enum inquiry_how how;
	enum stage stage;
	bool texts; /* bodies are only looked at */
	struct visit visit;
	struct task *flight; /* a reference: a body that is coming */
	unsigned flights;    /* that have come for this body */
	struct digest ref[INQUIRY_MAX_REFERRERS];
	size_t nrefs, at; /* of refs, or of the evidence's items */
	struct evidence ev;
};

static void begin_visit(struct inquiry *q)
{
	visit_done(&q->visit);
	task_unref(TAKE(q->flight));
	q->flights = 0;
	q->visit = (struct visit){ .since_ms = clock_mono_ms(),
				   .who = q->who,
				   .must_check = q->how == INQUIRY_FRESH };
}

struct inquiry *inquiry_new(struct mirror *m, const struct route *r,
			    const struct digest *d, const char *media_type, uint64_t size,
			    enum visit_for who, enum inquiry_how how)
{
	struct inquiry *q = mem_alloc(sizeof(*q));

	q->m = m;
	q->store = mirror_store(m);
	q->who = who;
	q->how = how;
	route_copy(&q->route, r);
	if (how == INQUIRY_STORED)
		q->route.site = NULL; /* as if it lived here */
	evidence_init(&q->ev, d, media_type, size);
	begin_visit(q);
	return q;
}

struct inquiry *inquiry_new_texts(struct mirror *m, const struct route *r,
				  const struct stored *manifest, enum visit_for who)
{
	struct inquiry *q = inquiry_new(m, r, &manifest->digest, manifest->media_type,
					manifest->n, who, INQUIRY_KEPT);
	struct err e;

	q->texts = true;
	if (evidence_add_layers(&q->ev, &manifest->digest,
				(struct view){ manifest->body, manifest->n },
				INQUIRY_MAX_TEXT, &e) != 0)
		snprintf(q->ev.gap, sizeof(q->ev.gap), "%s", e.msg);
	q->stage = q->ev.n > 0 ? BODIES : OVER;
	return q;
}

void inquiry_free(struct inquiry *q)
{
	if (q == NULL)
		return;
	visit_done(&q->visit);
	task_unref(q->flight);
	route_done(&q->route);
	evidence_done(&q->ev);
	free(q);
}

void inquiry_freep(struct inquiry **q)
{
	inquiry_free(*q);
	*q = NULL;
}

static void note_gap(struct inquiry *q, const struct err *e)
{
	if (q->ev.gap[0] == '\0')
		snprintf(q->ev.gap, sizeof(q->ev.gap), "%s", e->msg);
}

/* --- cosign's tag --- */

static enum answer step_tag(struct inquiry *q, struct err *e)
{
	struct reference ref = { .is_digest = false };
	struct found_manifest found;
	enum answer answer;

	evidence_tag(&q->ev.subject, ref.tag);
	answer = ask_manifest(q->m, &q->route, &ref, &q->visit, &found, e);
	if (answer == ANSWER_READY) {
		struct view body = { found.m->body, found.m->n };

		if (evidence_add(&q->ev, true, &found.m->digest, body, e) != 0)
			note_gap(q, e);
		stored_unref(found.m);
	} else if (answer == ANSWER_FAILED && e->kind != ERR_NOT_FOUND) {
		note_gap(q, e);
	}
	return answer;
}

/* --- referrers --- */

static int add_ref(struct inquiry *q, const struct digest *d, size_t most, struct err *e)
{
	size_t i;

	for (i = 0; i < q->nrefs; i++)
		if (digest_equal(&q->ref[i], d))
			return 0;
	if (q->nrefs >= most)
		return err_set(e, ERR_LIMIT,
			       "more than %zu manifests are about it, of which the rest "
			       "was not looked at",
			       most);
	q->ref[q->nrefs++] = *d;
	return 0;
}

static bool may_sign(const char *type)
{
	return strncmp(type, "application/vnd.dev.sigstore.", 29) == 0 ||
	       strncmp(type, "application/vnd.dev.cosign.", 27) == 0 ||
	       strncmp(type, "application/vnd.cncf.notary.", 28) == 0;
}

/* An upstream's list, as oci/referrer.h has it: types and descriptors. */
static void take_list(struct inquiry *q, const struct buf *list)
{
	const char *p = buf_str(list), *end = p + list->n;
	struct digest d;
	struct err e;

	while (p < end) {
		const char *type = p, *json = p + strlen(p) + 1;
		CLEANUP(json_freep)
		struct json *o = json_parse(view_of(json), NULL);
		const char *text = json_get_str(o, "digest");

		p = json + strlen(json) + 1;
		if (!may_sign(type) || text == NULL ||
		    digest_parse(view_of(text), &d, NULL) != 0)
			continue;
		if (add_ref(q, &d, INQUIRY_MAX_FETCHED, &e) != 0) {
			note_gap(q, &e);
			return;
		}
	}
}

static enum answer list_local(struct inquiry *q, struct err *e)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(LOCAL_LIST_MAX);
	CLEANUP(buf_done)
	struct buf noted = BUF_INIT(ASK_REFERRERS_MAX_BYTES);
	struct digest d;
	const char *p;

	int64_t checked_ms;

	/* The upstream's list, where nobody is to be asked for it. */
	if (q->how == INQUIRY_STORED &&
	    referrers_noted(q->store, &q->route.name, &q->ev.subject, &noted,
			    &checked_ms))
		take_list(q, &noted);
	if (referrers_list(q->store, &q->route.name, &q->ev.subject, &list, e) != 0) {
		note_gap(q, e);
		return ANSWER_FAILED;
	}
	for (p = buf_str(&list); p < buf_str(&list) + list.n; p += strlen(p) + 1) {
		if (digest_parse(view_of(p), &d, NULL) != 0 ||
		    add_ref(q, &d, INQUIRY_MAX_REFERRERS, e) == 0)
			continue;
		note_gap(q, e);
		break;
	}
	return ANSWER_READY;
}

static enum answer step_list(struct inquiry *q, struct err *e)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(ASK_REFERRERS_MAX_BYTES);
	enum answer answer;
	int64_t stale_s;

	if (q->route.site == NULL)
		return list_local(q, e);
	answer = ask_referrers(q->m, &q->route, &q->ev.subject, &q->visit, &list,
			       &stale_s, e);
	if (answer == ANSWER_READY)
		take_list(q, &list);
	else if (answer == ANSWER_FAILED && e->kind != ERR_NOT_FOUND)
		note_gap(q, e);
	return answer;
}

static enum answer step_manifest(struct inquiry *q, struct err *e)
{
	struct reference ref = { .is_digest = true, .digest = q->ref[q->at] };
	struct found_manifest found;
	enum answer answer = ask_manifest(q->m, &q->route, &ref, &q->visit, &found, e);

	if (answer == ANSWER_READY) {
		struct view body = { found.m->body, found.m->n };

		if (evidence_add(&q->ev, false, &found.m->digest, body, e) != 0)
			note_gap(q, e);
		stored_unref(found.m);
	} else if (answer == ANSWER_FAILED &&
		   (e->kind != ERR_NOT_FOUND || q->how == INQUIRY_STORED ||
		    q->route.site != NULL)) {
		note_gap(q, e); /* a list of pushes may name what has been deleted */
	}
	return answer;
}

/* --- bodies --- */

static int read_body(int fd, struct evidence_item *it, struct err *e)
{
	struct digest d;
	size_t got = 0;
	char *to;

	buf_clear(&it->body);
	to = buf_room(&it->body, it->size + 1);
	if (to == NULL)
		return err_set(e, ERR_LIMIT, "it is larger than a signature may be");
	if (fs_pread(fd, to, it->size + 1, 0, &got, e) != 0)
		return -1;
	if (got != it->size)
		return err_set(e, ERR_CORRUPT,
			       "it has not the size that its manifest "
			       "says");
	buf_grew(&it->body, got);
	digest_of(it->blob.alg, buf_str(&it->body), it->body.n, &d);
	return digest_equal(&d, &it->blob)
		       ? 0
		       : err_set(e, ERR_CORRUPT, "its bytes are not those of its digest");
}

/* A tar of texts alone is possible, but has no program that could read them. */
static int check_text(int fd, const struct evidence_item *it, struct err *e)
{
	unsigned char part[16384];
	uint64_t off = 0;
	size_t got, i;

	for (;;) {
		if (fs_pread(fd, part, sizeof(part), off, &got, e) != 0)
			return -1;
		if (got == 0)
			break;
		for (i = 0; i < got; i++)
			if ((part[i] < ' ' && strchr("\t\n\r", part[i]) == NULL) ||
			    part[i] == '\0' || part[i] > 0xf4)
				return err_set(e, ERR_DENIED, "it is no text");
		off += got;
		if (off > it->size)
			break;
	}
	return off == it->size ? 0
			       : err_set(e, ERR_CORRUPT,
					 "it has not the size that its manifest says");
}

static int read_item(struct inquiry *q, struct evidence_item *it, struct err *e)
{
	uint64_t size;
	int fd = blob_open(q->store, &it->blob, &size, e), rc;

	if (fd < 0)
		return -1;
	rc = q->texts ? check_text(fd, it, e) : read_body(fd, it, e);
	mem_closep(&fd);
	return rc;
}

void inquiry_read(struct inquiry *q)
{
	struct evidence_item *it;
	struct err e;
	size_t i;

	for (i = 0; i < q->ev.n; i++) {
		it = &q->ev.item[i];
		if (it->gap == NULL && read_item(q, it, &e) != 0)
			it->gap = mem_fmt("it could not be had: %s", e.msg);
	}
}

/* WAIT, or READY: the store is to be looked at again. */
static enum answer watch_flight(struct inquiry *q, struct err *e)
{
	uint64_t seen = bell_count(task_bell(q->flight));
	const struct task_result *result = task_result(q->flight);

	if (result == NULL) {
		q->visit.bell = task_bell(q->flight);
		q->visit.seen = seen;
		return ANSWER_WAIT;
	}
	if (result->rc != 0) {
		*e = result->err;
		return ANSWER_FAILED;
	}
	return ANSWER_READY;
}

static enum answer ask_body(struct inquiry *q, struct evidence_item *it, struct err *e)
{
	struct found_blob found;
	enum answer answer;

	if (q->flight != NULL) {
		answer = watch_flight(q, e);
		if (answer != ANSWER_READY)
			return answer;
		task_unref(TAKE(q->flight));
	}
	answer = ask_blob(q->m, &q->route, &it->blob, true, &q->visit, &found, e);
	if (answer != ANSWER_READY)
		return answer;
	if (found.flight != NULL && q->flights++ > 0) { /* the disk does not take it */
		task_unref(found.flight);
		err_set(e, ERR_NO_SPACE, "the store did not take it");
		return ANSWER_FAILED;
	}
	if (found.flight != NULL) {
		q->flight = found.flight;
		return ask_body(q, it, e);
	}
	mem_closep(&found.fd);
	return ANSWER_READY;
}

static enum answer step_body(struct inquiry *q, struct err *e)
{
	struct evidence_item *it = &q->ev.item[q->at];
	enum answer answer;

	if (it->gap != NULL)
		return ANSWER_READY;
	answer = ask_body(q, it, e);
	if (answer == ANSWER_FAILED)
		it->gap = mem_fmt("it could not be had: %s", e->msg);
	return answer;
}

/* --- the whole --- */

static void go_on(struct inquiry *q)
{
	begin_visit(q);
	if (q->stage == TAG || q->stage == LIST)
		q->stage++;
	else
		q->at++;
	if (q->stage == MANIFESTS && q->at >= q->nrefs) {
		q->stage = BODIES;
		q->at = 0;
	}
	if (q->stage == BODIES && q->at >= q->ev.n)
		q->stage = OVER;
}

enum answer inquiry_step(struct inquiry *q, struct err *e)
{
	static enum answer (*const steps[])(struct inquiry *, struct err *) = {
		[TAG] = step_tag,
		[LIST] = step_list,
		[MANIFESTS] = step_manifest,
		[BODIES] = step_body,
	};
	enum answer answer;

	while (q->stage != OVER) {
		answer = steps[q->stage](q, e);
		if (answer == ANSWER_WAIT)
			return ANSWER_WAIT;
		if (answer == ANSWER_FAILED && e->kind == ERR_CANCELLED)
			return ANSWER_FAILED;
		go_on(q);
	}
	return ANSWER_READY;
}

struct bell *inquiry_bell(const struct inquiry *q, uint64_t *seen)
{
	*seen = q->visit.seen;
	return q->visit.bell;
}

const struct evidence *inquiry_evidence(const struct inquiry *q)
{
	return &q->ev;
}

int inquiry_all(struct inquiry *q, struct err *e)
{
	enum answer answer;

	while ((answer = inquiry_step(q, e)) == ANSWER_WAIT)
		awaited_bell(q->visit.bell, q->visit.seen);
	if (answer != ANSWER_READY)
		return -1;
	inquiry_read(q);
	return 0;
}
