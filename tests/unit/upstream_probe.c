/*
 * upstream_probe - drives upstream/ from a command line, so that a scripted registry can
 * test it alone.  Not a unit test.
 *
 *	upstream_probe [options] OPERATION URL NAME [REF] [OFFSET]
 *
 * OPERATION: head-manifest, get-manifest, head-blob, get-blob, tags, check-quota.
 * REF is a tag or digest. Prints a JSON line for each operation done, and with --metrics
 *the metrics at the end. With --step it reads a line from standard input before each
 *repetition.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "codec/hash.h"
#include "upstream/quota.h"
#include "upstream/retry.h"
#include "upstream/upstream.h"

static struct upstream_conf conf = { .host = "probe.example" };
static struct upstream *up;
static const char *operation;
static struct reponame name;
static struct reference ref;
static uint64_t offset;
static int repeat = 1, deadline_ms = 30000, cancel_ms;
static bool step, with_metrics, with_retry;
static size_t limit = MANIFEST_MAX_BYTES;
static pthread_mutex_t out_mu = PTHREAD_MUTEX_INITIALIZER; /* guards standard output */

struct blob_result {
	int64_t size;
	uint64_t first, bytes;
	struct hash *hash;
	int begun;
};

static int blob_begin(void *arg, int64_t size, uint64_t first, struct err *e)
{
	struct blob_result *b = arg;

	b->size = size;
	b->first = first;
	b->begun++;
	return 0;
}

static int blob_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct blob_result *b = arg;

	hash_add(b->hash, p, n);
	b->bytes += n;
	return 0;
}

static int get_blob(struct buf *out, struct err *e)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(HASH_SHA256);
	struct blob_result b = { .size = -1, .hash = h };
	struct upstream_sink sink = { blob_begin, blob_data, &b };
	char text[DIGEST_TEXT_MAX];
	struct digest got;
	int rc;

	rc = upstream_get_blob(up, &name, &ref.digest, offset, &sink, e);
	digest_final(HASH_SHA256, h, &got);
	digest_text(&got, text);
	buf_addf(out,
		 ",\"begun\":%d,\"size\":%" PRId64 ",\"first\":%" PRIu64
		 ",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"",
		 b.begun, b.size, b.first, b.bytes, text);
	return rc;
}

static void add_manifest(struct buf *out, const struct upstream_manifest *m)
{
	char text[DIGEST_TEXT_MAX] = "";

	if (m->has_digest)
		digest_text(&m->digest, text);
	buf_addf(out, ",\"digest\":\"%s\",\"media_type\":\"", text);
	buf_add_json(out, m->media_type, strlen(m->media_type));
	buf_addf(out, "\",\"length\":%" PRId64, m->length);
}

static int list_tags(struct buf *out, int64_t deadline, struct err *e)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(limit);
	size_t i;

	if (upstream_list_tags(up, &name, deadline, &tags, e) != 0)
		return -1;
	buf_adds(out, ",\"tags\":[");
	for (i = 0; i < tags.n; i += strlen(tags.p + i) + 1)
		buf_addf(out, "%s\"%s\"", i ? "," : "", tags.p + i);
	return buf_adds(out, "]");
}

static int perform(struct buf *out, int64_t deadline, struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(limit);
	struct upstream_manifest m = { 0 };
	struct upstream_quota quota;
	uint64_t size = 0;
	int rc;

	if (strcmp(operation, "head-manifest") == 0) {
		rc = upstream_head_manifest(up, &name, &ref, deadline, &m, e);
		if (rc == 0)
			add_manifest(out, &m);
	} else if (strcmp(operation, "get-manifest") == 0) {
		rc = upstream_get_manifest(up, &name, &ref, deadline, &body, &m, e);
		if (rc == 0)
			add_manifest(out, &m);
	} else if (strcmp(operation, "head-blob") == 0) {
		rc = upstream_head_blob(up, &name, &ref.digest, deadline, &size, e);
		if (rc == 0)
			buf_addf(out, ",\"size\":%" PRIu64, size);
	} else if (strcmp(operation, "get-blob") == 0) {
		rc = get_blob(out, e);
	} else if (strcmp(operation, "check-quota") == 0) {
		rc = upstream_check_quota(up, deadline, &quota, e);
	} else {
		rc = list_tags(out, deadline, e);
	}
	return rc;
}

static void one(void)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(64u << 20);
	int64_t began = clock_mono_ms(), deadline = began + deadline_ms;
	struct retry again = RETRY_INIT(deadline);
	struct upstream_quota quota;
	struct err e = { 0 };
	int rc;

	do {
		buf_clear(&out);
		rc = perform(&out, deadline, &e);
	} while (rc != 0 && with_retry && retry_again(&again, &e));
	pthread_mutex_lock(&out_mu);
	printf("{\"ok\":%s,\"ms\":%" PRId64 ",\"attempts\":%u",
	       rc == 0 ? "true" : "false", clock_mono_ms() - began,
	       rc == 0 ? again.failed + 1 : again.failed);
	if (rc != 0) {
		CLEANUP(buf_done)
		struct buf msg = BUF_INIT(8192);

		buf_add_json(&msg, e.msg, strlen(e.msg));
		printf(",\"kind\":\"%s\",\"retry_after_s\":%d,\"error\":\"%s\"",
		       err_word(e.kind), e.retry_after_s, buf_str(&msg));
	}
	if (upstream_quota(up, &quota))
		printf(",\"quota\":{\"limit\":%" PRId64 ",\"remaining\":%" PRId64
		       ",\"window_s\":%" PRId64 ",\"source\":\"%s\"}",
		       quota.limit, quota.remaining, quota.window_s, quota.source);
	printf("%s}\n", buf_str(&out));
	fflush(stdout);
	pthread_mutex_unlock(&out_mu);
}

static void *worker(void *arg)
{
	char line[64];
	int i;

	for (i = 0; i < repeat; i++) {
		if (step && fgets(line, sizeof(line), stdin) == NULL)
			break;
		one();
	}
	return NULL;
}

static void *canceller(void *arg)
{
	struct timespec t = { cancel_ms / 1000, (cancel_ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
	upstream_cancel_all();
	return NULL;
}

static const struct option options[] = {
	{ "host", 1, 0, 'h' },
	{ "user", 1, 0, 'u' },
	{ "password", 1, 0, 'p' },
	{ "docker-config", 1, 0, 'd' },
	{ "ca", 1, 0, 'c' },
	{ "realm-host", 1, 0, 'r' },
	{ "connect-ms", 1, 0, 'C' },
	{ "header-ms", 1, 0, 'H' },
	{ "stall-ms", 1, 0, 'S' },
	{ "slow-ms", 1, 0, 'W' },
	{ "deadline-ms", 1, 0, 'D' },
	{ "threads", 1, 0, 't' },
	{ "repeat", 1, 0, 'n' },
	{ "limit", 1, 0, 'l' },
	{ "cancel-after-ms", 1, 0, 'x' },
	{ "step", 0, 0, 's' },
	{ "retry", 0, 0, 'R' },
	{ "metrics", 0, 0, 'm' },
	{ "debug", 0, 0, 'v' },
	{ 0, 0, 0, 0 },
};

static int number(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

static bool set_option(int c, int *threads)
{
	switch (c) {
	case 'h':
		conf.host = optarg;
		break;
	case 'u':
		conf.username = optarg;
		break;
	case 'p':
		conf.password = optarg;
		break;
	case 'd':
		conf.docker_config = optarg;
		break;
	case 'c':
		conf.ca_file = optarg;
		break;
	case 'r':
		conf.realm_host = optarg;
		break;
	case 'C':
		conf.connect_ms = number(optarg);
		break;
	case 'H':
		conf.header_ms = number(optarg);
		break;
	case 'S':
		conf.stall_ms = number(optarg);
		break;
	case 'W':
		conf.slow_ms = number(optarg);
		break;
	case 'D':
		deadline_ms = number(optarg);
		break;
	case 't':
		*threads = number(optarg);
		break;
	case 'n':
		repeat = number(optarg);
		break;
	case 'l':
		limit = (size_t)number(optarg);
		break;
	case 'x':
		cancel_ms = number(optarg);
		break;
	case 's':
		step = true;
		break;
	case 'R':
		with_retry = true;
		break;
	case 'm':
		with_metrics = true;
		break;
	case 'v':
		log_setup(LOG_DEBUG, LOG_TEXT);
		break;
	default:
		return false;
	}
	return true;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "upstream_probe: %s: %s\n", err_word(e->kind), e->msg);
	return 100;
}

static void print_metrics(void)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1u << 20);

	metrics_render(&text);
	fputs(buf_str(&text), stdout);
}

static void run_threads(int threads)
{
	pthread_t *t = mem_alloc((size_t)threads * sizeof(*t)), stop;
	int i;

	if (cancel_ms > 0)
		pthread_create(&stop, NULL, canceller, NULL);
	for (i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, worker, NULL);
	for (i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	if (cancel_ms > 0)
		pthread_join(stop, NULL);
	free(t);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int threads = 1, c;

	log_setup(LOG_ERROR, LOG_TEXT);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set_option(c, &threads))
			return 100;
	if (argc - optind < 3)
		return 100;
	operation = argv[optind];
	conf.url = argv[optind + 1];
	if (reponame_parse(view_of(argv[optind + 2]), &name, &e) != 0 ||
	    (argc - optind > 3 &&
	     reference_parse(view_of(argv[optind + 3]), &ref, &e) != 0))
		return fail(&e);
	if (argc - optind > 4)
		offset = strtoull(argv[optind + 4], NULL, 10);
	if (upstream_global_init(&e) != 0 || (up = upstream_new(&conf, &e)) == NULL)
		return fail(&e);
	run_threads(threads);
	if (with_metrics)
		print_metrics();
	upstream_unref(up);
	upstream_global_done();
	return 0;
}
