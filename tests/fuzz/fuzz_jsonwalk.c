/* codec/jsonwalk: what jansson takes is walked whole, and what is given out reads as what
 * jansson finds under that name; however the bytes come. */
#include "fuzz.h"

#include "base/mem.h"
#include "codec/json.h"
#include "codec/jsonwalk.h"

struct feed {
	const uint8_t *data;
	size_t n, at, step;
	const struct json *whole; /* NULL: it is no JSON, all the same */
};

static int on_read(void *arg, void *p, size_t room, size_t *n, struct err *e)
{
	struct feed *f = arg;

	*n = f->n - f->at < f->step ? f->n - f->at : f->step;
	*n = *n < room ? *n : room;
	memcpy(p, f->data + f->at, *n);
	f->at += *n;
	return 0;
}

static bool on_want(void *arg, const char *outer)
{
	(void)arg;
	return outer[0] != '-';
}

static bool same(const struct json *a, const struct json *b)
{
	CLEANUP(buf_done)
	struct buf x = BUF_INIT(1 << 20), y = BUF_INIT(1 << 20);

	return json_write(&x, a) != 0 || json_write(&y, b) != 0 ||
	       (x.n == y.n && memcmp(x.p, y.p, x.n) == 0);
}

static int on_member(void *arg, const char *outer, const char *key, struct view value,
		     struct err *e)
{
	struct feed *f = arg;
	CLEANUP(json_freep)
	struct json *doc = NULL;

	CHECK(strlen(outer) <= JSONWALK_MAX_KEY && strlen(key) <= JSONWALK_MAX_KEY);
	if (f->whole == NULL)
		return 0;
	doc = json_parse(value, NULL);
	CHECK(doc != NULL);
	CHECK(same(doc, json_get(json_get(f->whole, outer), key)));
	return 0;
}

static int walk(const uint8_t *data, size_t size, size_t step, const struct json *whole)
{
	struct feed f = { data, size, 0, step, whole };
	struct jsonwalk w = {
		.read = on_read, .want = on_want, .member = on_member, .arg = &f
	};
	struct err e;

	return jsonwalk_run(&w, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(json_freep)
	struct json *whole = json_parse(fuzz_view(data, size), NULL);
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1000);
	struct feed f = { data, size, 0, 7, NULL };
	struct jsonwalk w = { .read = on_read, .arg = &f };
	struct err e;
	int rc = walk(data, size, 65536, whole);

	CHECK(walk(data, size, 1, whole) == rc);
	if (json_is_object(whole))
		CHECK(rc == 0);
	if (jsonwalk_find(&w, "predicate", &out, &e) == 0 && whole != NULL) {
		CLEANUP(json_freep)
		struct json *doc = json_parse(buf_view(&out), NULL);

		CHECK(doc != NULL && same(doc, json_get(whole, "predicate")));
	}
	return 0;
}
