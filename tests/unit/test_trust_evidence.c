/* Signatures' manifests: what they name, and what is not one. */
#include "evidence_try.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D "sha256:" HEX
#define OTHER "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SUBJECT ",\"subject\":{\"digest\":\"" D "\"}"
#define LAYER(type, size)                                                                \
	"{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":" size "}"
#define BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define NOTATION "application/vnd.cncf.notary.signature"
#define SIMPLE "application/vnd.dev.cosign.simplesigning.v1+json"

static struct evidence fresh(void)
{
	struct evidence ev;
	struct digest d;

	assert_int_equal(digest_parse(view_of(D), &d, NULL), 0);
	evidence_init(&ev, &d, "type", 1);
	return ev;
}

static void kinds(void **state)
{
	static const struct {
		const char *body;
		bool is_tag;
		size_t n;
		enum evidence_kind kind;
		const char *gap; /* "": none */
	} cases[] = {
		{ "{\"artifactType\":\"" BUNDLE
		  "\",\"layers\":[" LAYER(BUNDLE, "9") "]" SUBJECT "}",
		  false, 1, EVIDENCE_BUNDLE, "" },
		{ "{\"artifactType\":\"" BUNDLE "\",\"layers\":[" LAYER(BUNDLE, "9") "]}",
		  false, 1, EVIDENCE_BUNDLE, "about another" },
		{ "{\"artifactType\":\"" BUNDLE "\",\"layers\":[" LAYER(
			  BUNDLE, "9") "],\"subject\":{\"digest\":\"" OTHER "\"}}",
		  false, 1, EVIDENCE_BUNDLE, "about another" },
		{ "{\"artifactType\":\"" BUNDLE "\",\"layers\":[" LAYER(
			  BUNDLE, "9") "," LAYER(BUNDLE, "9") "]" SUBJECT "}",
		  false, 2, EVIDENCE_BUNDLE, "more than one layer" },
		{ "{\"artifactType\":\"" BUNDLE
		  "\",\"layers\":[" LAYER(BUNDLE, "1048576") "]" SUBJECT "}",
		  false, 1, EVIDENCE_BUNDLE, "" },
		{ "{\"artifactType\":\"" BUNDLE
		  "\",\"layers\":[" LAYER(BUNDLE, "1048577") "]" SUBJECT "}",
		  false, 1, EVIDENCE_BUNDLE, "larger" },
		{ "{\"artifactType\":\"" BUNDLE "\",\"layers\":[{}]" SUBJECT "}", false,
		  1, EVIDENCE_BUNDLE, "malformed" },
		{ "{\"config\":{\"mediaType\":\"" NOTATION
		  "\"},\"layers\":[" LAYER("application/jose+json", "9") "]" SUBJECT "}",
		  false, 1, EVIDENCE_NOTATION, "" },
		{ "{\"layers\":[" LAYER(SIMPLE, "9") "," LAYER("text/plain", "9") "]}",
		  true, 1, EVIDENCE_COSIGN, "" },
		{ "{\"layers\":[" LAYER(SIMPLE, "9") "]}", false, 0, 0, "" },
		{ "{\"artifactType\":\"application/spdx+json\",\"layers\":[]}", false, 0,
		  0, "" },
		{ "{}", true, 0, 0, "" },
		{ "[]", false, 0, 0, "" },
		{ "", true, 0, 0, "" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence ev = fresh();

		assert_int_equal(evidence_add(&ev, cases[i].is_tag, &ev.subject,
					      view_of(cases[i].body), &e),
				 0);
		assert_int_equal(ev.n, cases[i].n);
		if (ev.n > 0) {
			const char *gap = ev.item[0].gap;

			assert_int_equal(ev.item[0].kind, cases[i].kind);
			assert_int_equal(gap != NULL, cases[i].gap[0] != '\0');
			assert_non_null(strstr(gap != NULL ? gap : "", cases[i].gap));
		}
		evidence_done(&ev);
	}
}

/* 64 are taken; of a manifest with which there would be more, none. */
static void limit(void **state)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(1u << 20);
	struct evidence ev = fresh();
	struct err e;
	size_t i;

	buf_adds(&body, "{\"layers\":[");
	for (i = 0; i < EVIDENCE_MAX_ITEMS - 1; i++)
		buf_addf(&body, "%s%s", i > 0 ? "," : "", LAYER(SIMPLE, "9"));
	buf_adds(&body, "]}");
	assert_int_equal(evidence_add(&ev, true, &ev.subject, buf_view(&body), &e), 0);
	assert_int_equal(ev.n, EVIDENCE_MAX_ITEMS - 1);
	assert_err(evidence_add(&ev, true, &ev.subject, buf_view(&body), &e), e,
		   ERR_LIMIT);
	assert_int_equal(ev.n, EVIDENCE_MAX_ITEMS - 1);
	assert_int_equal(evidence_add(&ev, true, &ev.subject,
				      VIEW("{\"layers\":[" LAYER(SIMPLE, "9") "]}"), &e),
			 0);
	assert_int_equal(ev.n, EVIDENCE_MAX_ITEMS);
	evidence_done(&ev);
}

static void notes(void **state)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(1u << 20);
	char *longest = unit_repeat('a', EVIDENCE_MAX_NOTE);
	char *longer = unit_repeat('a', EVIDENCE_MAX_NOTE + 1);
	const char *const texts[] = { longest, longer };
	char tag[TAG_MAX_BYTES + 1];
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct evidence ev = fresh();

		buf_clear(&body);
		buf_addf(&body,
			 "{\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":"
			 "1,\"annotations\":{\"dev.cosignproject.cosign/signature\":"
			 "\"%s\",\"dev.sigstore.cosign/bundle\":7}}]}",
			 SIMPLE, D, texts[i]);
		assert_int_equal(
			evidence_add(&ev, true, &ev.subject, buf_view(&body), &e), 0);
		assert_int_equal(ev.item[0].gap != NULL, i == 1);
		assert_int_equal(ev.item[0].signature != NULL, i == 0);
		assert_null(ev.item[0].bundle);
		evidence_tag(&ev.subject, tag);
		assert_string_equal(tag, "sha256-" HEX ".sig");
		evidence_done(&ev);
	}
	test_free(longest);
	test_free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(limit),
		cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
