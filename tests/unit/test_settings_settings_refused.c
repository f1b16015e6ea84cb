/*
 * test_settings_settings_refused.c - what is refused or warned of, and in which words.
 */
#include "settings_try.h"

static void test_bad_values(void **state)
{
	static const struct {
		const char *variable, *says;
	} bad[] = {
		{ "LARDER_FRESHNESS=10",
		  "LARDER_FRESHNESS: larder.freshness: must be a duration" },
		{ "LARDER_FRESHNESS=10 m", "duration" },
		{ "LARDER_FRESHNESS=-1s", "duration" },
		{ "LARDER_FRESHNESS=m", "duration" },
		{ "LARDER_FRESHNESS=99999999999999999999d", "duration" },
		{ "LARDER_FRESHNESS=400d", "from 0 to 365d" },
		{ "LARDER_PATIENCE=2m", "from 0 to 1m" },
		{ "LARDER_PATIENCE=always", "duration" },
		{ "LARDER_NEGATIVE=6m", "from 0 to 5m" },
		{ "LARDER_THREADS=0", "from 1 to 256" },
		{ "LARDER_THREADS=two", "whole number" },
		{ "LARDER_FLIGHTS=-1", "whole number" },
		{ "LARDER_FLIGHTS=99999999999999999999", "whole number" },
		{ "LARDER_MIRROR=maybe", "true or false" },
		{ "LARDER_TIMEOUTS_CONNECT=0", "from 1ms" },
		{ "LARDER_LOG_LEVEL=loud", "debug, info, warn or error" },
		{ "REGISTRY_LOG_FORMATTER=xml", "text or json" },
		{ "REGISTRY_HTTP_ADDR=5000", "host:port" },
		{ "REGISTRY_HTTP_ADDR=a:70000", "host:port" },
		{ "REGISTRY_HTTP_ADDR=[::1:5000", "host:port" },
		{ "REGISTRY_HTTP_ADDR=a b:1", "host:port" },
		{ "REGISTRY_HTTP_NET=unix", "tcp only" },
		{ "REGISTRY_HTTP_HEADERS_BAD()=[x]", "header name" },
		{ "REGISTRY_HTTP_HEADERS_CONTENT-LENGTH=['1']", "not for settings" },
		{ "REGISTRY_HTTP_HEADERS_X-A=[\"a\\r\\nb\"]", "one line" },
		{ "REGISTRY_PROXY_REMOTEURL=registry-1.docker.io", "a URL such as" },
		{ "REGISTRY_PROXY_REMOTEURL=https://x/y", "ends after the host" },
		{ "REGISTRY_PROXY_REMOTEURL=ftp://x", "a URL such as" },
		{ "REGISTRY_PROXY_REMOTEURL=https://", "a URL such as" },
		{ "REGISTRY_HTTP=5", "must be a map" },
		{ "REGISTRY_VERSION=0.2", "must be 0.1" },
		{ "REGISTRY_HTTP_DRAINTIMEOUT={a: b}", "duration" },
		{ "LARDER_LOCAL=a/b:c", "without a tag" },
		{ "LARDER_LOCAL=a/b$", "no image name" },
		{ "LARDER_LOCAL={a: b}", "list of patterns" },
		{ "LARDER_TAGS=a", "pattern=age" },
		{ "LARDER_TAGS=a=often", "an age, always or pinned" },
		{ "LARDER_TAGS=[", "LARDER_TAGS: " },
		{ "LARDER_UPSTREAMS_QUAY_IO_REALM=a b", "must be a host" },
		{ "LARDER_UPSTREAMS_QUAY_IO_DEFAULT=x", "true or false" },
		{ "LARDER_UPSTREAMS={'a b': {}}", "no registry's host" },
		{ "LARDER_CA=/nowhere", "larder.ca: /nowhere" },
		{ "LARDER_DOCKER_CONFIG=/nowhere", "larder.docker-config: /nowhere" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(ARGS(), ENV(bad[i].variable), bad[i].says, "");
}

static void test_bad_files(void **state)
{
	refused_file("", "version: 0.1", "config.yml");
	refused_file("http: {addr: ':1'}\n", "version: 0.1", "config.yml");
	refused_file("version:\n", "version: 0.1", "");
	refused_file("version: 0.2\n", "must be 0.1", "config.yml:1");
	refused_file("version: 0.1\nhttp: [1]\n", "config.yml:2: http: must be a map",
		     "");
	refused_file("version: 0.1\nlarder:\n  patience: soon\n", "config.yml:3",
		     "larder.patience");
	refused_file("version: 0.1\nlarder:\n  tags:\n    a: 1m\n    b: soon\n",
		     "config.yml:5", "soon");
	refused_file("version: 0.1\nhttp: {\n", "config.yml", "line");
	refused_file("- a\n", "version: 0.1", "");
}

static void test_unknown(void **state)
{
	struct settings *s;

	refused_file("version: 0.1\nlarder:\n  freshnes: 1m\n",
		     "config.yml:3: unknown setting larder.freshnes",
		     "did you mean larder.freshness?");
	refused_file("version: 0.1\nlarder:\n  upstreams:\n    quay.io: {ulr: x}\n",
		     "config.yml:4: unknown setting larder.upstreams.quay.io.ulr",
		     "did you mean larder.upstreams.quay.io.url?");
	refused_file("version: 0.1\nlarder: {timeouts: {conect: 1s}}\n", "config.yml:2",
		     "did you mean larder.timeouts.connect?");
	refused(ARGS(), ENV("LARDER_FRESHNES=1m"), "LARDER_FRESHNES;",
		"did you mean LARDER_FRESHNESS?");
	refused(ARGS(), ENV("LARDER_UPSTREAMS_QUAY_IO_PASSWORD=hush"),
		"LARDER_UPSTREAMS_QUAY_IO_PASSWORD",
		"did you mean LARDER_UPSTREAMS_<HOST>_");
	assert_null(strstr(err.msg, "hush"));
	refused(ARGS("--adr", "x"), ENV(), "unknown flag --adr", "--addr");
	refused(ARGS("-x"), ENV(), "unknown flag -x", "");
	refused(ARGS("--addr"), ENV(), "--addr needs a value", "");
	refused(ARGS("--addr="), ENV(), "--addr needs a value", "");
	refused(ARGS("a.yml", "b.yml"), ENV(), "b.yml", "one configuration file");

	s = load_file("version: 0.1\nhttp: {adr: x}\nfoo: {bar: 1}\n");
	assert_true(warned(s, "config.yml:2: unknown setting http.adr"));
	assert_true(warned(s, "did you mean http.addr?"));
	assert_true(warned(s, "config.yml:3: unknown setting foo is ignored"));
	settings_free(s);
	s = load(ARGS(), ENV("REGISTRY_HTTP_ADR=x", "REGISTRY_A_B_C_D_E_F_G_H_I=1",
			     "REGISTRY__=", "REGISTRY_LOGLEVEL=info"));
	assert_true(warned(s, "http.adr"));
	assert_true(warned(s, "REGISTRY_A_B_C_D_E_F_G_H_I"));
	assert_true(warned(s, "loglevel has no effect: use log.level"));
	settings_free(s);
}

static void test_ignored_variables(void **state)
{
	struct settings *s = load(
		ARGS(),
		ENV("LARDER_TEST_CLOCK_FILE=/x", "LARDER_FAULTS=a:1=EIO",
		    "LARDER_PORT=tcp://10.0.0.1:5000", "LARDER_SERVICE_HOST=10.0.0.1",
		    "LARDER_SERVICE_PORT_HTTP=5000", "LARDER_PORT_5000_TCP=tcp://x",
		    "REGISTRY_PORT=tcp://10.0.0.1:5000",
		    "REGISTRY_PORT_5000_TCP_ADDR=10.0.0.1", "REGISTRYX=1",
		    "REGISTRY_HTTP_SECRET=abc", "NOT_A_PAIR"));

	assert_int_equal(s->n_warnings, 0);
	settings_free(s);
}

static void test_unsafe(void **state)
{
	static const char *const unsafe[] = {
		"REGISTRY_AUTH={token: {realm: x}}",
		"REGISTRY_HTTP_TLS={letsencrypt: {email: a}}",
		"REGISTRY_STORAGE=s3",
		"REGISTRY_STORAGE_S3_BUCKET=b",
		"REGISTRY_STORAGE={gcs: {bucket: b}}",
		"REGISTRY_MIDDLEWARE={storage: [{name: cloudfront}]}",
		"REGISTRY_HTTP_PREFIX=/x/",
	};
	struct settings *s;

	for (size_t i = 0; i < ARRAY_LEN(unsafe); i++)
		refused(ARGS(), ENV(unsafe[i]), "not supported yet", "");
	refused_file("version: 0.1\nauth:\n  silly: {realm: x, path: /x}\n",
		     "config.yml:3: auth.silly: not supported yet", "");
	s = load_file("version: 0.1\n"
		      "auth: none\n"
		      "http: {tls: {}}\n"
		      "middleware:\n"
		      "storage: filesystem\n");
	assert_int_equal(s->n_warnings, 0);
	settings_free(s);
	s = load(ARGS(),
		 ENV("REGISTRY_AUTH={none: {}}", "REGISTRY_HTTP_TLS_CERTIFICATE="));
	settings_free(s);
	s = load(ARGS(), ENV("REGISTRY_STORAGE=inmemory"));
	assert_true(warned(s, "storage.inmemory has no effect"));
	settings_free(s);
}

static void test_what_goes_together(void **state)
{
	static const char *const alone[] = {
		"REGISTRY_AUTH=htpasswd",
		"REGISTRY_AUTH_HTPASSWD_REALM=x",
		"REGISTRY_HTTP_TLS_CERTIFICATE=/x.pem",
		"REGISTRY_HTTP_TLS_KEY=/x.pem",
		"REGISTRY_HTTP_TLS_CLIENTCAS=[/x.pem]",
	};
	static const char *const rules[] = { "ci",	   "ci x",
					     "ci x fly",   "ci x:1 pull",
					     "ci x pull,", "ci ** pull more" };
	char text[64];
	struct settings *s;

	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		refused(ARGS(), ENV(alone[i]), "", "");
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		snprintf(text, sizeof(text), "LARDER_ACCESS=%s", rules[i]);
		refused(ARGS(), ENV(text), "larder.access", "");
	}
	s = load(ARGS("--mirror"),
		 ENV("REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=x",
		     "REGISTRY_AUTH_HTPASSWD_PATH=/x",
		     "LARDER_ACCESS=anonymous ** pull; ci bakery/** pull,push"));
	assert_true(warned(s, "Docker Hub credentials"));
	assert_int_equal(s->n_access, 2);
	assert_string_equal(s->access[1].who, "ci");
	assert_string_equal(s->access[1].pattern, "bakery/**");
	assert_int_equal(s->access[1].rights, RULE_PULL | RULE_PUSH);
	settings_free(s);
}

/* No message tells a secret, whatever is wrong around it. */
static void test_no_secret_told(void **state)
{
	static const char *const bad[] = {
		"LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS=hush",
		"LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS=:hush",
		"LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS_PASSWORD=hush",
		"LARDER_UPSTREAMS_QUAY_IO_URL=https://me:hush@quay.io",
		"REGISTRY_PROXY_REMOTEURL=https://me:hush@quay.io",
		"LARDER_UPSTREAMS={quay.io: {credentials: {username: [hush]}}}",
		"LARDER_UPSTREAMS={quay.io: {credentials: [hush]}}",
		"LARDER_UPSTREAMS={quay.io: 'me:hush'}",
		"LARDER_UPSTREAMS=hush",
		"LARDER_SECRET=hush",
		"REGISTRY_AUTH=hush",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		refused(ARGS(), ENV(bad[i]), "", "");
		if (strstr(err.msg, "hush"))
			fail_msg("told: %s", err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_ignored_variables),
		cmocka_unit_test(test_unsafe),
		cmocka_unit_test(test_what_goes_together),
		cmocka_unit_test(test_no_secret_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
