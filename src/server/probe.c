/*
 * probe.c - an image in one layer, for each platform that clients may want.
 *
 * Everything is a function of instance and nonce, so only recent nonces are kept, in a
 * ring, with the digests of their documents; the one that is asked for is made again.
 * p->mu guards the ring.
 */
#include "server/probe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "server/reply.h"
#include "server/server_impl.h"

#define TAG_PREFIX "probe-"
#define NONCE_LEAST 8
#define NONCE_MOST 32
#define TAG_MAX (sizeof(TAG_PREFIX) + NONCE_MOST)
#define DOC_MAX_BYTES 8192

#define TYPE_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define TYPE_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define TYPE_CONFIG "application/vnd.docker.container.image.v1+json"
#define TYPE_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* A tar with one file, `larder-probe`, that says what it is; compressed, and its digest
 * when it is not. */
static const unsigned char layer[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xd2,
	0x31, 0x0a, 0xc3, 0x30, 0x0c, 0x05, 0x50, 0xcf, 0x3d, 0xc5, 0x3f, 0x40,
	0x1b, 0xec, 0x62, 0x7a, 0x8b, 0x1c, 0x42, 0x8e, 0x04, 0x09, 0x15, 0x38,
	0xd8, 0x0e, 0x21, 0xb7, 0xaf, 0xf1, 0xd0, 0xa1, 0x7b, 0x0b, 0xa1, 0x7e,
	0xcb, 0x17, 0x7f, 0xf9, 0x8b, 0x94, 0x12, 0x4b, 0xba, 0xad, 0x29, 0x06,
	0x31, 0x5f, 0x62, 0x2b, 0xef, 0x7d, 0xcb, 0xea, 0x33, 0xad, 0xb3, 0x8f,
	0xf7, 0xdd, 0x7a, 0x67, 0xef, 0xde, 0x19, 0x58, 0xf3, 0x03, 0x5b, 0x2e,
	0x94, 0xea, 0xbc, 0xf9, 0x4f, 0x23, 0xb1, 0x20, 0x1c, 0xd0, 0xf6, 0x07,
	0xe0, 0x38, 0x95, 0x98, 0xae, 0x28, 0x11, 0x59, 0x04, 0xfb, 0xbc, 0x4c,
	0x33, 0x76, 0x3a, 0x40, 0x58, 0x37, 0x55, 0x14, 0x7a, 0x4a, 0x1e, 0x30,
	0xd6, 0x26, 0x08, 0x58, 0x54, 0x8a, 0xf0, 0x70, 0x31, 0x5d, 0xd7, 0x75,
	0xdd, 0xc9, 0xbc, 0x00, 0xe6, 0x53, 0xbf, 0xef, 0x00, 0x08, 0x00, 0x00,
};
#define LAYER_DIFF_ID "fd1eb2fec2151a889903954005a624651b2b50d75ca440761d624a90324cfd38"

static const struct {
	const char *architecture, *variant;
} platforms[] = {
	{ "amd64", "" },   { "arm64", "v8" }, { "arm", "v7" },	 { "386", "" },
	{ "ppc64le", "" }, { "s390x", "" },   { "riscv64", "" },
};

/* The documents of a nonce: a list, the manifests, their configurations. */
#define MANIFESTS 1
#define CONFIGS (MANIFESTS + ARRAY_LEN(platforms))
#define DOCS (CONFIGS + ARRAY_LEN(platforms))

struct recent {
	char tag[TAG_MAX];	 /* "": none yet */
	struct digest doc[DOCS]; /* sha256 */
};

struct probe {
	char instance[33];
	pthread_mutex_t mu;
	struct recent recent[PROBE_RECENT];
	unsigned next;
};

int probe_new(struct probe **out, struct err *e)
{
	unsigned char random[16];
	struct probe *p;
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_errno(e, "random numbers");
	p = mem_alloc(sizeof(*p));
	for (i = 0; i < sizeof(random); i++)
		snprintf(p->instance + 2 * i, 3, "%02x", random[i]);
	pthread_mutex_init(&p->mu, NULL);
	*out = p;
	return 0;
}

void probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->mu);
	free(p);
}

const char *probe_instance(const struct probe *p)
{
	return p->instance;
}

bool probe_is(const struct request *rq)
{
	const struct route *r = &rq->route;

	if (r->site == NULL || strcmp(r->remote.s, PROBE_REPOSITORY) != 0)
		return false;
	return strcmp(r->site->host, "docker.io") == 0 ||
	       (r->plan->default_site >= 0 &&
		r->site == &r->plan->site[r->plan->default_site]);
}

static bool is_probe_tag(const char *tag)
{
	size_t n;

	if (strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) != 0)
		return false;
	tag += strlen(TAG_PREFIX);
	n = strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789");
	return tag[n] == '\0' && n >= NONCE_LEAST && n <= NONCE_MOST;
}

/* --- the documents; none can be larger than a buf of DOC_MAX_BYTES --- */

static void make_config(const struct probe *p, const char *tag, size_t i, struct buf *out)
{
	buf_clear(out);
	buf_addf(out,
		 "{\"architecture\":\"%s\",\"config\":{\"Cmd\":[\"/larder-probe\"],"
		 "\"Labels\":{\"larder.instance\":\"%s\",\"larder.nonce\":\"%s\"}},"
		 "\"created\":\"2020-01-01T00:00:00Z\",\"history\":[{\"created\":"
		 "\"2020-01-01T00:00:00Z\",\"created_by\":\"larder doctor\"}],"
		 "\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"sha256:" LAYER_DIFF_ID
		 "\"],\"type\":\"layers\"}",
		 platforms[i].architecture, p->instance, tag);
	if (platforms[i].variant[0] != '\0')
		buf_addf(out, ",\"variant\":\"%s\"", platforms[i].variant);
	buf_adds(out, "}");
}

static void add_descriptor(struct buf *out, const char *type, const void *bytes, size_t n)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d;

	digest_of(HASH_SHA256, bytes, n, &d);
	digest_text(&d, text);
	buf_addf(out, "{\"mediaType\":\"%s\",\"size\":%zu,\"digest\":\"%s\"", type, n,
		 text);
}

static void make_manifest(const struct probe *p, const char *tag, size_t i,
			  struct buf *out)
{
	CLEANUP(buf_done)
	struct buf config = BUF_INIT(DOC_MAX_BYTES);

	make_config(p, tag, i, &config);
	buf_clear(out);
	buf_adds(out,
		 "{\"schemaVersion\":2,\"mediaType\":\"" TYPE_MANIFEST "\",\"config\":");
	add_descriptor(out, TYPE_CONFIG, buf_str(&config), config.n);
	buf_adds(out, "},\"layers\":[");
	add_descriptor(out, TYPE_LAYER, layer, sizeof(layer));
	buf_adds(out, "}]}");
}

static void make_list(const struct probe *p, const char *tag, struct buf *out)
{
	CLEANUP(buf_done)
	struct buf manifest = BUF_INIT(DOC_MAX_BYTES);
	size_t i;

	buf_clear(out);
	buf_adds(out,
		 "{\"schemaVersion\":2,\"mediaType\":\"" TYPE_LIST "\",\"manifests\":[");
	for (i = 0; i < ARRAY_LEN(platforms); i++) {
		make_manifest(p, tag, i, &manifest);
		buf_adds(out, i > 0 ? "," : "");
		add_descriptor(out, TYPE_MANIFEST, buf_str(&manifest), manifest.n);
		buf_addf(out, ",\"platform\":{\"architecture\":\"%s\",\"os\":\"linux\"",
			 platforms[i].architecture);
		if (platforms[i].variant[0] != '\0')
			buf_addf(out, ",\"variant\":\"%s\"", platforms[i].variant);
		buf_adds(out, "}}");
	}
	buf_adds(out, "]}");
}

/* --- what is asked for --- */

static const char *make(const struct probe *p, const char *tag, size_t doc,
			struct buf *out)
{
	if (doc >= CONFIGS) {
		make_config(p, tag, doc - CONFIGS, out);
		return "application/octet-stream";
	}
	if (doc >= MANIFESTS) {
		make_manifest(p, tag, doc - MANIFESTS, out);
		return TYPE_MANIFEST;
	}
	make_list(p, tag, out);
	return TYPE_LIST;
}

static bool is_known(struct probe *p, const char *tag)
{
	bool known = false;
	size_t i;

	pthread_mutex_lock(&p->mu);
	for (i = 0; i < PROBE_RECENT && !known; i++)
		known = strcmp(p->recent[i].tag, tag) == 0;
	pthread_mutex_unlock(&p->mu);
	return known;
}

static void remember(struct probe *p, const char *tag)
{
	CLEANUP(buf_done)
	struct buf doc = BUF_INIT(DOC_MAX_BYTES);
	struct recent r = { 0 };
	size_t i;

	if (is_known(p, tag))
		return;
	snprintf(r.tag, sizeof(r.tag), "%s", tag); /* is_probe_tag() has bounded it */
	for (i = 0; i < DOCS; i++) {
		make(p, tag, i, &doc);
		digest_of(HASH_SHA256, buf_str(&doc), doc.n, &r.doc[i]);
	}
	pthread_mutex_lock(&p->mu);
	p->recent[p->next] = r;
	p->next = (p->next + 1) % PROBE_RECENT;
	pthread_mutex_unlock(&p->mu);
}

/* The document that has this digest, into out; its type, or NULL. */
static const char *find(struct probe *p, const struct digest *want, bool blob,
			struct buf *out)
{
	size_t first = blob ? CONFIGS : 0, end = blob ? DOCS : CONFIGS, i, doc = end;
	char tag[TAG_MAX];
	struct digest d;

	digest_of(want->alg, layer, sizeof(layer), &d);
	if (blob && digest_equal(&d, want)) {
		buf_add(out, layer, sizeof(layer));
		return "application/octet-stream";
	}
	pthread_mutex_lock(&p->mu);
	for (i = 0; i < PROBE_RECENT && doc == end; i++) {
		if (p->recent[i].tag[0] == '\0')
			break;
		for (doc = first; doc < end; doc++)
			if (digest_equal(&p->recent[i].doc[doc], want))
				break;
		memcpy(tag, p->recent[i].tag, sizeof(tag));
	}
	pthread_mutex_unlock(&p->mu);
	return doc < end ? make(p, tag, doc, out) : NULL;
}

static enum MHD_Result answer(struct request *rq, const char *type, const struct buf *doc)
{
	char text[DIGEST_TEXT_MAX];
	struct MHD_Response *r;
	struct digest d;

	r = MHD_create_response_from_buffer(doc->n, doc->p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	digest_of(rq->ref.is_digest ? rq->ref.digest.alg : HASH_SHA256, doc->p, doc->n,
		  &d);
	digest_text(&d, text);
	reply_header(r, "Content-Type", type);
	reply_header(r, "Docker-Content-Digest", text);
	reply_header(r, "Larder-Instance", probe_instance(rq->server->probe));
	if (!rq->head)
		rq->bytes = doc->n;
	return reply_send(rq, MHD_HTTP_OK, r);
}

enum MHD_Result probe_handle(struct request *rq)
{
	CLEANUP(buf_done)
	struct buf doc = BUF_INIT(DOC_MAX_BYTES);
	struct probe *p = rq->server->probe;
	const char *type = NULL;
	bool blob = rq->kind == REQUEST_BLOB;

	rq->visit.outcome = OUTCOME_HIT;
	if (rq->kind == REQUEST_MANIFEST && !rq->ref.is_digest &&
	    is_probe_tag(rq->ref.tag)) {
		remember(p, rq->ref.tag);
		make_list(p, rq->ref.tag, &doc);
		type = TYPE_LIST;
	} else if ((blob || rq->kind == REQUEST_MANIFEST) && rq->ref.is_digest) {
		type = find(p, &rq->ref.digest, blob, &doc);
	}
	if (type != NULL)
		return answer(rq, type, &doc);
	return reply_oci_error(rq, MHD_HTTP_NOT_FOUND,
			       blob ? OCIERR_BLOB_UNKNOWN : OCIERR_MANIFEST_UNKNOWN,
			       PROBE_REPOSITORY
			       " is what larder doctor pulls to prove the way through "
			       "this larder: tags probe-<8 to 32 of a-z0-9>, and what "
			       "they name; nothing else is here");
}
