/*
 * clients_try.h - a client's add and take on texts, with what is expected of them.
 */
#ifndef LARDER_TESTS_CLIENTS_TRY_H
#define LARDER_TESTS_CLIENTS_TRY_H

#include "unit.h"

#include "base/mem.h"
#include "clients/client.h"

/* A wish for this mirror and these registries (NULL ends them). */
static inline struct wish try_wish(const char *mirror, const char *const *registries)
{
	struct wish w = { 0 };

	assert_int_equal(wish_mirror(&w, view_of(mirror), NULL), 0);
	for (; *registries != NULL; registries++)
		assert_int_equal(wish_add(&w, view_of(*registries), NULL), 0);
	return w;
}

#define TRY_WISH(mirror, ...) try_wish(mirror, (const char *const[]){ __VA_ARGS__, NULL })

static inline struct client_text try_text(const char *now, const char *before)
{
	return (struct client_text){ .now = view_of(now),
				     .before = view_of(before),
				     .registry = "docker.io" };
}

static inline void try_is(const struct buf *got, int rc, const struct err *e,
			  const char *want)
{
	if (rc != 0)
		fail_msg("refused: %s", e->msg);
	assert_string_equal(buf_str(got), want);
}

/* What add makes of now; and made again of that, it is the same. */
static inline void try_add(const struct client *c, const struct wish *w, const char *now,
			   const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES), again = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = try_text(now, NULL);
	struct err e;
	int rc = c->add(&t, w, &out, &e);

	try_is(&out, rc, &e, want);
	t = try_text(buf_str(&out), NULL);
	rc = c->add(&t, w, &again, &e);
	try_is(&again, rc, &e, want);
}

static inline void try_take_before(const struct client *c, const struct wish *w,
				   const char *now, const char *before, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = try_text(now, before);
	struct err e;
	int rc = c->take(&t, w, &out, &e);

	try_is(&out, rc, &e, want);
}

static inline void try_take(const struct client *c, const struct wish *w, const char *now,
			    const char *want)
{
	try_take_before(c, w, now, NULL, want);
}

/* add makes `with` of `now`, and take `now` of that again. */
static inline void try_both(const struct client *c, const struct wish *w, const char *now,
			    const char *with)
{
	try_add(c, w, now, with);
	try_take(c, w, with, now);
}

/* add refuses, and the message has this. */
static inline void try_refused(const struct client *c, const struct wish *w,
			       const char *now, const char *has)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = try_text(now, NULL);
	struct err e = { 0 };

	if (c->add(&t, w, &out, &e) == 0)
		fail_msg("'%s' should be refused, and became '%s'", now, buf_str(&out));
	assert_int_equal(e.kind, ERR_INVALID);
	if (strstr(e.msg, has) == NULL)
		fail_msg("\"%s\" should be in: %s", has, e.msg);
}

#endif
