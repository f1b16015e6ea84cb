/* Certificates of a Fulcio of our own, right ones and those that must not count
 * (tests/signatures/record.py made them). */
#include "evidence_try.h"

#include "codec/base64.h"
#include "codec/cert.h"
#include "trust/trustroot.h"

#define WORKFLOW                                                                         \
	"https://github.example.test/acme/app/.github/workflows/"                        \
	"release.yml@refs/tags/v1"

static struct json *certs;
static struct trustroot root;
static int64_t at_s;

static int setup(void **state)
{
	CLEANUP(buf_done)
	struct buf text;
	CLEANUP(buf_done)
	struct buf json;
	struct err e;

	evidence_try_read(FIXTURE("certs.json"), &text);
	certs = json_parse(buf_view(&text), &e);
	json_get_int(certs, "at", &at_s);
	evidence_try_read(FIXTURE("trusted_root.json"), &json);
	return trustroot_read_json(&root, buf_view(&json), &e);
}

static int teardown(void **state)
{
	json_free(certs);
	trustroot_done(&root);
	return 0;
}

static struct cert *load(const char *name)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	const char *text = json_get_str(json_get(certs, "certs"), name);
	struct cert *c = NULL;
	struct err e;

	if (text == NULL || base64_decode_exact(view_of(text), &der, &e) != 0 ||
	    cert_read_der(buf_view(&der), &c, &e) != 0)
		fail_msg("%s", name);
	return c;
}

static void certified(void **state)
{
	static const struct {
		const char *name, *why; /* NULL: it counts */
	} cases[] = {
		{ "good", NULL },
		{ "mail", NULL },
		{ "two names", NULL },
		{ "unpromised", "promised" },
		{ "promised elsewhere", "promised" },
		{ "foreign", "leads to no trusted root" },
		{ "for servers", "not for code signing" },
		{ "for certificates", "not for digital signatures" },
		{ "authority", "an authority's" },
		{ "early", "not yet valid" },
		{ "late", "expired" },
	};
	struct cert_list none = { .n = 0 }, beside = { .n = 1 };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(cert_freep)
		struct cert *c = load(cases[i].name);
		int rc = trustroot_certify(&root, c, &none, at_s, &e);

		if (rc != (cases[i].why == NULL ? 0 : -1) ||
		    (rc != 0 && strstr(e.msg, cases[i].why) == NULL))
			fail_msg("%s: %s", cases[i].name, rc != 0 ? e.msg : "taken");
		if (rc != 0)
			continue;
		/* What came along must be part of the chain. */
		beside.cert[0] = root.authority[0].between.cert[0];
		assert_int_equal(trustroot_certify(&root, c, &beside, at_s, &e), 0);
		beside.cert[0] = root.clock[0].roots.cert[0];
		assert_err(trustroot_certify(&root, c, &beside, at_s, &e), e, ERR_DENIED);
		/* Its ten minutes, and not a second more. */
		assert_int_equal(
			trustroot_certify(&root, c, &none, cert_until_s(c) - 1, &e), 0);
		assert_err(trustroot_certify(&root, c, &none, cert_until_s(c) + 1, &e), e,
			   ERR_DENIED);
		assert_err(trustroot_certify(&root, c, &none, cert_from_s(c) - 1, &e), e,
			   ERR_DENIED);
	}
}

/* The trust root's own windows. */
static void windows(void **state)
{
	CLEANUP(cert_freep)
	struct cert *c = load("good");
	struct cert_list none = { .n = 0 };
	struct trustroot narrow = root;
	struct err e;

	narrow.authority[0].until_s = at_s - 1;
	assert_err(trustroot_certify(&narrow, c, &none, at_s, &e), e, ERR_DENIED);
	narrow = root;
	narrow.authority[0].from_s = at_s + 1;
	assert_err(trustroot_certify(&narrow, c, &none, at_s, &e), e, ERR_DENIED);
	narrow = root;
	narrow.ctlog[0].until_s = cert_from_s(c) - 1;
	assert_err(trustroot_certify(&narrow, c, &none, at_s, &e), e, ERR_DENIED);
	narrow = root;
	narrow.nctlogs = 0;
	assert_int_equal(trustroot_certify(&narrow, c, &none, at_s, &e), 0);
	narrow.nauthorities = 0;
	assert_err(trustroot_certify(&narrow, c, &none, at_s, &e), e, ERR_DENIED);
}

static void named(void **state)
{
	static const struct {
		const char *name, *first;
		size_t n;
		enum err_kind kind; /* ERR_NONE: they can be read */
	} cases[] = {
		{ "good", WORKFLOW, 1, ERR_NONE },
		{ "mail", "dev@larder.test", 1, ERR_NONE },
		{ "two names", "https://a.test", 2, ERR_NONE },
		{ "two issuers", NULL, 0, ERR_INVALID },
		{ "control", NULL, 0, ERR_INVALID },
		{ "address", NULL, 0, ERR_INVALID },
		{ "many names", NULL, 0, ERR_LIMIT },
		{ "long name", NULL, 0, ERR_LIMIT },
	};
	struct cert_names names;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(cert_freep)
		struct cert *c = load(cases[i].name);

		if (cases[i].kind != ERR_NONE) {
			assert_err(cert_names(c, &names, &e), e, cases[i].kind);
			continue;
		}
		assert_int_equal(cert_names(c, &names, &e), 0);
		assert_int_equal(names.n, cases[i].n);
		assert_string_equal(names.name[0], cases[i].first);
		assert_string_equal(names.issuer, "https://token.actions.example.test");
	}
}

static void subjects(void **state)
{
	static const struct {
		const char *wanted;
		int rc;
		enum err_kind kind;
	} cases[] = {
		{ "C=US", 0, 0 },
		{ "O=Notary, C=US,ST=WA", 0, 0 },
		{ " C=US", 0, 0 },
		{ "S=WA", 0, 0 },
		{ "C=us", -1, ERR_DENIED },
		{ "O=Notar", -1, ERR_DENIED },
		{ "O=Notary\\, C=US", -1, ERR_DENIED },
		{ "OU=x", -1, ERR_DENIED },
		{ "", -1, ERR_INVALID },
		{ "C", -1, ERR_INVALID },
		{ "C=", -1, ERR_INVALID },
		{ "C=US,", 0, 0 },
		{ "=US", -1, ERR_INVALID },
		{ "Q=US", -1, ERR_INVALID },
		{ "C=US\\", -1, ERR_INVALID },
	};
	CLEANUP(cert_list_done)
	struct cert_list l = { .n = 0 };
	CLEANUP(buf_done)
	struct buf pem;
	char text[CERT_TEXT_MAX];
	struct err e;

	evidence_try_read(FIXTURE("notation-self.pem"), &pem);
	assert_int_equal(cert_list_read(&l, buf_view(&pem), PEM_EXACT, &e), 0);
	assert_true(cert_is_self_issued(l.cert[0]));
	cert_subject(l.cert[0], text);
	assert_string_equal(text, "CN=wabbit,O=Notary,L=Seattle,ST=WA,C=US");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		e = (struct err){ 0 };
		if (cert_name_matches(l.cert[0], cases[i].wanted, &e) != cases[i].rc ||
		    e.kind != cases[i].kind)
			fail_msg("\"%s\": %s", cases[i].wanted, e.msg);
	}
}

static void limits(void **state)
{
	CLEANUP(cert_list_done)
	struct cert_list l = { .n = 0 };
	CLEANUP(buf_done)
	struct buf pem;
	struct cert *c = NULL;
	struct err e;
	size_t i;

	evidence_try_read(FIXTURE("notation-self.pem"), &pem);
	for (i = 0; i < CERT_MAX_LIST; i++)
		assert_int_equal(cert_list_read(&l, buf_view(&pem), PEM_FILE, &e), 0);
	assert_err(cert_list_read(&l, buf_view(&pem), PEM_FILE, &e), e, ERR_LIMIT);
	assert_int_equal(l.n, CERT_MAX_LIST);
	assert_err(cert_list_read(&l, VIEW("no\n"), PEM_FILE, &e), e, ERR_INVALID);
	assert_err(cert_read_der(VIEW(""), &c, &e), e, ERR_INVALID);
	assert_err(cert_read_der(cert_der(l.cert[0]).n > 0
					 ? (struct view){ cert_der(l.cert[0]).p,
							  cert_der(l.cert[0]).n - 1 }
					 : VIEW(""),
				 &c, &e),
		   e, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certified), cmocka_unit_test(windows),
		cmocka_unit_test(named),     cmocka_unit_test(subjects),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
