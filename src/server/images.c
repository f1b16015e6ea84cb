/*
 * images.c - pages of the inventory, made on a thread of their own.
 *
 * im->mu guards what is kept between pages. A page takes it out, and puts it back.
 */
#include "server/images.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/lowly.h"
#include "base/mem.h"
#include "mirror/inventory.h"
#include "mirror/inventory_json.h"
#include "server/auth.h"
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work.h"
#include "store/usage.h"

#define DEFAULT_ROWS 100
#define MAX_ROWS 500
#define PAGE_BYTES (1u << 20) /* a page ends after the row that reaches this */
#define MAX_WAITING 64
#define KEEP_MS 60000
#define FRESH_MS 5000 /* for a first page, what is kept may be so old */

/* What images share, as one user sees it. */
struct kept {
	struct shares *shares; /* NULL: nothing is kept */
	char *user;	       /* NULL: one without a name */
	bool all;
	int64_t made_ms, used_ms;
};

struct images {
	struct works *works;
	pthread_mutex_t mu;
	struct kept kept;      /* guarded by mu, as all below */
	struct alarms *alarms; /* made when first needed */
	bool alarm_set;
};

struct job {
	struct server *server;
	struct plan *plan;
	char *user;
	bool all;
	size_t rows;
	inventory_place last, next;
	struct buf json;
	uint64_t images, unique_bytes;
	bool unknown;
};

/* --- what is kept --- */

static void kept_done(struct kept *k)
{
	shares_free(k->shares);
	free(k->user);
	*k = (struct kept){ 0 };
}

struct images *images_new(void)
{
	struct images *im = mem_alloc(sizeof(*im));

	im->works = works_new("list", 1, MAX_WAITING);
	pthread_mutex_init(&im->mu, NULL);
	return im;
}

void images_free(struct images *im)
{
	if (im == NULL)
		return;
	works_stop(im->works);
	if (im->alarms != NULL)
		alarms_stop(im->alarms);
	kept_done(&im->kept);
	pthread_mutex_destroy(&im->mu);
	free(im);
}

struct works *images_works(struct images *im)
{
	return im->works;
}

static void expire(void *arg)
{
	struct images *im = arg;
	struct kept old = { 0 };
	int64_t end_ms;

	pthread_mutex_lock(&im->mu);
	end_ms = im->kept.used_ms + KEEP_MS;
	im->alarm_set = false;
	if (im->kept.shares != NULL && clock_mono_ms() < end_ms) {
		im->alarm_set = alarms_set(im->alarms, end_ms, expire, im);
	} else {
		old = im->kept;
		im->kept = (struct kept){ 0 };
	}
	pthread_mutex_unlock(&im->mu);
	kept_done(&old);
}

static void put_back(struct images *im, struct kept *k)
{
	struct kept old;

	k->used_ms = clock_mono_ms();
	pthread_mutex_lock(&im->mu);
	if (im->alarms == NULL)
		im->alarms = alarms_new();
	if (!im->alarm_set)
		im->alarm_set = alarms_set(im->alarms, k->used_ms + KEEP_MS, expire, im);
	old = im->kept;
	im->kept = *k;
	pthread_mutex_unlock(&im->mu);
	kept_done(&old);
}

static bool same_user(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Nothing, if it is another's or too old. */
static struct kept take_out(struct images *im, const struct job *j)
{
	bool first = j->last[0] == '\0';
	struct kept k;

	pthread_mutex_lock(&im->mu);
	k = im->kept;
	im->kept = (struct kept){ 0 };
	pthread_mutex_unlock(&im->mu);
	if (k.shares != NULL && same_user(k.user, j->user) && k.all == j->all &&
	    !(first && clock_mono_ms() > k.made_ms + FRESH_MS))
		return k;
	kept_done(&k);
	return k;
}

/* --- one page --- */

static void job_free(void *arg)
{
	struct job *j = arg;

	plan_unref(j->plan);
	buf_done(&j->json);
	free(j->user);
	free(j);
}

static bool may(void *arg, const char *name)
{
	struct job *j = arg;

	return auth_user_may_pull(j->server->auth, j->user, name);
}

static int take_row(void *arg, const struct inventory_row *r, struct err *e)
{
	struct job *j = arg;

	if (inventory_json_write(&j->json, r) != 0)
		return err_set(e, ERR_LIMIT, "a row is too long");
	return j->json.n >= PAGE_BYTES;
}

static int count(const struct inventory_ask *ask, struct job *j, struct kept *k,
		 struct err *e)
{
	if (k->shares != NULL)
		return 0;
	k->shares = shares_new();
	k->user = mem_dup(j->user);
	k->all = j->all;
	k->made_ms = clock_mono_ms();
	return inventory_count(ask, k->shares, e);
}

static int run(void *arg, struct err *e)
{
	struct job *j = arg;
	struct images *im = j->server->images;
	struct inventory_ask ask = { .store = j->server->store,
				     .plan = j->plan,
				     .all = j->all,
				     .may = may,
				     .may_arg = j,
				     .stop = &j->server->stopping };
	struct kept k = take_out(im, j);
	int rc;

	lowly_after();
	if (j->last[0] == '\0')
		usage_flush(j->server->usage);
	rc = count(&ask, j, &k, e);
	if (rc == 0) {
		ask.usage = usage_reader_open(ask.store);
		rc = inventory_list(&ask, k.shares, j->last, j->rows, take_row, j,
				    j->next, e);
		usage_reader_close(ask.usage);
	}
	if (rc != 0) {
		kept_done(&k);
		return -1;
	}
	j->images = shares_images(k.shares);
	j->unique_bytes = shares_counted_bytes(k.shares);
	j->unknown = shares_unknown(k.shares);
	put_back(im, &k);
	return 0;
}

/* --- the request --- */

static int read_rows(struct request *rq, size_t *rows, struct err *e)
{
	const char *n = request_arg(rq, "n");
	unsigned long long value;
	char *end;

	*rows = DEFAULT_ROWS;
	if (n == NULL)
		return 0;
	errno = 0;
	value = strtoull(n, &end, 10);
	if (*n < '0' || *n > '9' || *end != '\0' || value == 0)
		return err_set(e, ERR_INVALID, "n=%.40s is not a number of images", n);
	*rows = value < MAX_ROWS ? (size_t)value : MAX_ROWS;
	return 0;
}

static enum MHD_Result start(struct request *rq)
{
	const char *last = request_arg(rq, "last"), *all = request_arg(rq, "all");
	struct job *j;
	size_t rows;
	struct err e;

	if (read_rows(rq, &rows, &e) != 0)
		return reply_err(rq, &e, OCIERR_NAME_UNKNOWN, OCIERR_UNSUPPORTED);
	if (last != NULL && strlen(last) >= sizeof(j->last))
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_UNSUPPORTED,
				       "last= is longer than the name of any image");
	j = mem_alloc(sizeof(*j));
	j->server = rq->server;
	j->plan = mirror_plan(rq->server->mirror);
	j->user = mem_dup(rq->user.name);
	j->all = all != NULL && strcmp(all, "0") != 0 && strcmp(all, "false") != 0;
	j->rows = rows;
	snprintf(j->last, sizeof(j->last), "%s", last != NULL ? last : "");
	buf_init(&j->json, PAGE_BYTES + INVENTORY_JSON_MAX);
	return work_start_on(rq->server->images->works, rq, run, j, job_free);
}

/* Takes the page out of the job, which stays for as long as the request. */
static enum MHD_Result answer(struct request *rq, void *arg)
{
	struct job *j = arg;
	size_t n = j->json.n;
	struct MHD_Response *r;

	r = n > 0 ? MHD_create_response_from_buffer(n, TAKE(j->json.p),
						    MHD_RESPMEM_MUST_FREE)
		  : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	buf_init(&j->json, 0);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Content-Type", "application/x-ndjson");
	reply_headerf(r, "Larder-Images", "%llu", (unsigned long long)j->images);
	if (!j->unknown)
		reply_headerf(r, "Larder-Unique-Bytes", "%llu",
			      (unsigned long long)j->unique_bytes);
	if (j->next[0] != '\0')
		reply_headerf(r, "Link",
			      "</larder/v1/images?n=%zu%s&last=%s>; rel=\"next\"",
			      j->rows, j->all ? "&all=1" : "", j->next);
	if (!rq->head)
		rq->bytes = n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

enum MHD_Result images_handle(struct request *rq)
{
	enum MHD_Result refusal;

	if (!auth_passes(rq, AUTH_LIST, NULL, &refusal))
		return refusal;
	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD",
					 "the list of images can only be read");
	return work_run(rq, start, answer, OCIERR_UNSUPPORTED);
}
