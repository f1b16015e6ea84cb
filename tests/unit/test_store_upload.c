/* Upload sessions: taken one at a time, gone on with, ended, cancelled, expired. */
#include "unit.h"

#include <stdlib.h>

#include "store/blob.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/room.h"
#include "store/upload.h"
#include "store_try.h"

static struct upload *begun(struct uploads *us, const struct reponame *name,
			    const char *content)
{
	struct upload *u;
	struct err e;

	assert_int_equal(upload_begin(us, name, HASH_SHA256, &u, &e), 0);
	assert_int_equal(upload_add(u, content, strlen(content), &e), 0);
	return u;
}

static void from_begin_to_end(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a/b"), other = try_name("a/c");
	struct digest d = try_digest("content"), wrong = try_digest("other");
	struct upload *u = begun(us, &a, "cont"), *again;
	char id[UPLOAD_ID_BYTES + 1];
	uint64_t n = 0;
	struct err e;

	memcpy(id, upload_id(u), sizeof(id));
	assert_err(upload_open(us, &a, view_of(id), &again, &e), e, ERR_BUSY);
	assert_int_equal(upload_look(us, &a, view_of(id), &n, &e), 0);
	assert_int_equal(n, 4);
	upload_close(u);
	assert_err(upload_open(us, &other, view_of(id), &u, &e), e, ERR_NOT_FOUND);
	assert_err(upload_look(us, &other, view_of(id), &n, &e), e, ERR_NOT_FOUND);
	assert_int_equal(upload_open(us, &a, view_of(id), &u, &e), 0);
	assert_int_equal(upload_add(u, "ent", 3, &e), 0);
	assert_err(upload_commit(u, &wrong, &e), e, ERR_CORRUPT);
	assert_false(blob_exists(s, &wrong, NULL));
	assert_int_equal(upload_commit(u, &d, &e), 0);
	upload_close(u);
	assert_true(blob_exists(s, &d, &n) && n == 7);
	assert_true(link_exists(s, LINK_LAYER, &a, &d));
	assert_false(link_exists(s, LINK_LAYER, &other, &d));
	assert_int_equal(try_count(s, LAYOUT_UPLOADS), 0);
	assert_err(upload_open(us, &a, view_of(id), &u, &e), e, ERR_NOT_FOUND);
	uploads_free(us);
}

/* A new process knows no running hash, and a digest may be of another kind. */
static void hashed_again_at_the_end(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *u = begun(us, &a, "cont");
	char id[UPLOAD_ID_BYTES + 1];
	struct digest d;
	struct err e;

	memcpy(id, upload_id(u), sizeof(id));
	upload_close(u);
	uploads_free(us);
	us = uploads_new(s);
	assert_int_equal(upload_open(us, &a, view_of(id), &u, &e), 0);
	assert_int_equal(upload_bytes(u), 4);
	assert_int_equal(upload_add(u, "ent", 3, &e), 0);
	digest_of(HASH_SHA512, "content", 7, &d);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	upload_close(u);
	assert_true(blob_exists(s, &d, NULL));
	uploads_free(us);
}

static void taken_back(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *u = begun(us, &a, "contXYZ");
	struct digest d = try_digest("content");
	struct err e;

	upload_cut(u, 4);
	assert_int_equal(upload_bytes(u), 4);
	assert_int_equal(upload_add(u, "ent", 3, &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	upload_close(u);
	u = begun(us, &a, "more");
	upload_cancel(u);
	upload_close(u);
	assert_int_equal(try_count(s, LAYOUT_UPLOADS), 0);
	uploads_free(us);
}

static void ids_that_are_none(void **state)
{
	static const char *const bad[] = { "",
					   "x",
					   "../../../etc/passwd",
					   "00000000-0000-4000-8000-00000000000G",
					   "00000000-0000-4000-8000-000000000000x",
					   "00000000/0000-4000-8000-000000000000",
					   "00000000-0000-4000-8000-000000000000" };
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *u;
	uint64_t n;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_err(upload_open(us, &a, view_of(bad[i]), &u, &e), e,
			   ERR_NOT_FOUND);
		assert_err(upload_look(us, &a, view_of(bad[i]), &n, &e), e,
			   ERR_NOT_FOUND);
	}
	uploads_free(us);
}

/* More sessions at rest than are kept in memory: all go on. */
static void many_at_rest(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	char id[UPLOAD_MAX_KNOWN + 50][UPLOAD_ID_BYTES + 1];
	struct digest d = try_digest("content");
	struct upload *u;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(id); i++) {
		u = begun(us, &a, "cont");
		memcpy(id[i], upload_id(u), sizeof(id[i]));
		upload_close(u);
	}
	for (i = 0; i < ARRAY_LEN(id); i++) {
		assert_int_equal(upload_open(us, &a, view_of(id[i]), &u, &e), 0);
		assert_int_equal(upload_add(u, "ent", 3, &e), 0);
		assert_int_equal(upload_commit(u, &d, &e), 0);
		upload_close(u);
	}
	uploads_free(us);
}

static void the_old_expire(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *held = begun(us, &a, "x"), *u = begun(us, &a, "y");
	char id[UPLOAD_ID_BYTES + 1];
	struct err e;

	memcpy(id, upload_id(u), sizeof(id));
	upload_close(u);
	assert_int_equal(uploads_expire(us, 3600000), 0);
	assert_int_equal(uploads_expire(us, -3600000), 1); /* not the one in use */
	assert_err(upload_open(us, &a, view_of(id), &u, &e), e, ERR_NOT_FOUND);
	assert_int_equal(upload_add(held, "z", 1, &e), 0);
	upload_close(held);
	assert_int_equal(try_count(s, LAYOUT_UPLOADS), 1);
	uploads_free(us);
}

static int is_busy(struct store *s)
{
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *u;
	struct err e;
	int rc = upload_open(us, &a, view_of(getenv("UPLOAD")), &u, &e);

	return rc == -1 && e.kind == ERR_BUSY ? 7 : 0;
}

static void another_process(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	struct upload *u = begun(us, &a, "x");

	setenv("UPLOAD", upload_id(u), 1);
	assert_int_equal(try_beside(is_busy, s), 7);
	upload_close(u);
	assert_int_equal(try_beside(is_busy, s), 0);
	uploads_free(us);
}

/* The limit says no: what has come of it goes at once, and with it its room. */
static void no_room_for_it(void **state)
{
	struct store *s = try_store(state);
	struct uploads *us = uploads_new(s);
	struct reponame a = try_name("a");
	static char much[80000];
	char id[UPLOAD_ID_BYTES + 1];
	struct upload *u;
	struct err e;

	room_set_limit(s, 100000);
	u = begun(us, &a, "content");
	memcpy(id, upload_id(u), sizeof(id));
	assert_int_equal(upload_add(u, much, sizeof(much), &e), 0);
	assert_err(upload_add(u, much, sizeof(much), &e), e, ERR_NO_SPACE);
	assert_int_equal(try_count(s, LAYOUT_UPLOADS), 0);
	upload_close(u);
	assert_int_equal(room_used(s), 0);
	assert_int_equal(room_reserved(s), 0);
	assert_err(upload_open(us, &a, view_of(id), &u, &e), e, ERR_NOT_FOUND);
	room_set_limit(s, 0);
	uploads_free(us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(from_begin_to_end), IN_STORE(hashed_again_at_the_end),
		IN_STORE(taken_back),	     IN_STORE(ids_that_are_none),
		IN_STORE(many_at_rest),	     IN_STORE(the_old_expire),
		IN_STORE(another_process),   IN_STORE(no_room_for_it),
	};

	return cmocka_run_group_tests_name("store/upload", tests, NULL, NULL);
}
