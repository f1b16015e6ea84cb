/*
 * test_settings_settings.c - what each source says, and which wins.
 */
#include "settings_try.h"

#define ROOM (1 << 20)

static void test_defaults(void **state)
{
	struct settings *s = load(ARGS(), ENV());

	assert_string_equal(s->addr, "127.0.0.1:5000");
	assert_string_equal(s->listen_host, "127.0.0.1");
	assert_int_equal(s->listen_port, 5000);
	assert_int_equal(s->n_upstreams, 0);
	assert_null(settings_default_upstream(s));
	assert_int_equal(s->freshness_ms, 600000);
	assert_int_equal(s->patience_ms, 2000);
	assert_int_equal(s->negative_ms, 10000);
	assert_int_equal(s->drain_ms, 30000);
	assert_int_equal(s->connect_ms, 5000);
	assert_int_equal(s->flights, 32);
	assert_true(s->threads >= 1);
	assert_true(s->connections >= 1 && s->connections <= 4096);
	assert_int_equal(s->log_level, LOG_INFO);
	assert_int_equal(s->log_format, LOG_TEXT);
	assert_true(s->access_log);
	assert_false(s->mirror || s->readonly || s->print);
	assert_null(s->config_path);
	assert_int_equal(s->n_warnings, 0);
	settings_free(s);
	settings_free(NULL);
}

static void test_root(void **state)
{
	struct settings *s;

	if (geteuid() == 0) {
		s = load(ARGS(), ENV());
		assert_string_equal(s->root, "/var/lib/registry");
		settings_free(s);
	} else if (access("/var/lib/registry", W_OK) != 0) {
		s = load(ARGS(), ENV());
		assert_string_equal(s->root, "/home/me/.local/share/larder");
		settings_free(s);
		s = load(ARGS(), ENV("XDG_DATA_HOME=/data"));
		assert_string_equal(s->root, "/data/larder");
		settings_free(s);
	}
	s = load(ARGS("--root", "/x"), ENV());
	assert_string_equal(s->root, "/x");
	settings_free(s);
}

static void test_precedence(void **state)
{
	const char *path = file_with("config.yml", "version: 0.1\n"
						   "http: {addr: '1.1.1.1:1'}\n"
						   "larder: {freshness: 1m}\n");
	struct settings *s = load(ARGS(path), ENV());

	assert_string_equal(s->addr, "1.1.1.1:1");
	assert_string_equal(s->config_path, path);
	assert_int_equal(s->freshness_ms, 60000);
	settings_free(s);

	s = load(ARGS(path), ENV("REGISTRY_HTTP_ADDR=2.2.2.2:2", "LARDER_FRESHNESS=2m"));
	assert_string_equal(s->addr, "2.2.2.2:2");
	assert_int_equal(s->freshness_ms, 120000);
	settings_free(s);

	s = load(ARGS(path),
		 ENV("LARDER_ADDR=3.3.3.3:3", "REGISTRY_HTTP_ADDR=2.2.2.2:2"));
	assert_string_equal(s->addr, "3.3.3.3:3");
	settings_free(s);

	s = load(ARGS("--addr=4.4.4.4:4", path, "--freshness", "0"),
		 ENV("LARDER_ADDR=3.3.3.3:3", "LARDER_FRESHNESS=2m"));
	assert_string_equal(s->addr, "4.4.4.4:4");
	assert_int_equal(s->freshness_ms, 0);
	settings_free(s);
}

static void test_file_named(void **state)
{
	char larder[300], registry[300];
	struct settings *s;

	snprintf(larder, sizeof(larder), "LARDER_CONFIG=%s",
		 file_with("a.yml", "version: 0.1\nlarder: {flights: 1}\n"));
	snprintf(registry, sizeof(registry), "REGISTRY_CONFIGURATION_PATH=%s",
		 file_with("b.yml", "version: 0.1\nlarder: {flights: 2}\n"));
	s = load(ARGS(), ENV(registry));
	assert_int_equal(s->flights, 2);
	settings_free(s);
	s = load(ARGS(), ENV(registry, larder));
	assert_int_equal(s->flights, 1);
	settings_free(s);
	s = load(ARGS(file_with("c.yml", "version: 0.1\nlarder: {flights: 3}\n")),
		 ENV(registry, larder));
	assert_int_equal(s->flights, 3);
	settings_free(s);
	refused(ARGS("/nowhere/config.yml"), ENV(), "/nowhere/config.yml",
		"No such file");
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void test_registry_example(void **state)
{
	struct settings *s = load_file("version: 0.1\n"
				       "log:\n"
				       "  fields:\n"
				       "    service: registry\n"
				       "storage:\n"
				       "  cache:\n"
				       "    blobdescriptor: inmemory\n"
				       "  filesystem:\n"
				       "    rootdirectory: /var/lib/registry\n"
				       "http:\n"
				       "  addr: :5000\n"
				       "  headers:\n"
				       "    X-Content-Type-Options: [nosniff]\n"
				       "health:\n"
				       "  storagedriver:\n"
				       "    enabled: true\n"
				       "    interval: 10s\n"
				       "    threshold: 3\n");

	assert_string_equal(s->root, "/var/lib/registry");
	assert_null(s->listen_host);
	assert_int_equal(s->listen_port, 5000);
	assert_int_equal(s->n_headers, 1);
	assert_string_equal(s->headers[0].name, "X-Content-Type-Options");
	assert_string_equal(s->headers[0].value, "nosniff");
	assert_int_equal(s->n_warnings, 0);
	settings_free(s);
}

static void test_drop_in_proxy(void **state)
{
	struct settings *s =
		load(ARGS(),
		     ENV("REGISTRY_PROXY_REMOTEURL=https://registry-1.docker.io/",
			 "REGISTRY_PROXY_USERNAME=me", "REGISTRY_PROXY_PASSWORD='12: 3'",
			 "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/r",
			 "REGISTRY_HTTP_ADDR=127.0.0.1:5001", "REGISTRY_LOG_LEVEL=debug",
			 "REGISTRY_HTTP_HEADERS={X-A: [b, c], X-D: [e]}",
			 "REGISTRY_HTTP_HEADERS_X-D=[f]"));
	const struct setting_upstream *u = settings_default_upstream(s);

	assert_int_equal(s->n_upstreams, 1);
	assert_string_equal(u->host, "docker.io");
	assert_string_equal(u->url, "https://registry-1.docker.io");
	assert_string_equal(u->username, "me");
	assert_string_equal(u->password, "12: 3");
	assert_string_equal(s->root, "/r");
	assert_int_equal(s->log_level, LOG_DEBUG);
	assert_int_equal(s->n_headers, 3);
	assert_string_equal(s->headers[2].name, "x-d");
	assert_string_equal(s->headers[2].value, "f");
	settings_free(s);

	s = load(ARGS(), ENV("REGISTRY_PROXY_REMOTEURL=http://127.0.0.1:7000"));
	assert_string_equal(settings_default_upstream(s)->host, "127.0.0.1:7000");
	settings_free(s);
	s = load(ARGS(), ENV("REGISTRY_PROXY={remoteurl: 'https://quay.io'}"));
	assert_string_equal(settings_default_upstream(s)->host, "quay.io");
	settings_free(s);
	s = load(ARGS(), ENV("REGISTRY_PROXY_REMOTEURL="));
	assert_int_equal(s->n_upstreams, 0);
	settings_free(s);
}

/* A password that is no YAML, or that is more than a word of it, is taken as it stands.
 */
static void test_registry_raw_password(void **state)
{
	static const char *const passwords[] = { "*abc", "a: b", "{x", "[1]", "%&!" };

	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		char variable[100];
		struct settings *s;

		snprintf(variable, sizeof(variable), "REGISTRY_PROXY_PASSWORD=%s",
			 passwords[i]);
		s = load(ARGS(), ENV("REGISTRY_PROXY_REMOTEURL=https://quay.io",
				     "REGISTRY_PROXY_USERNAME=me", variable));
		assert_string_equal(s->upstreams[0].password, passwords[i]);
		settings_free(s);
	}
}

static void test_mirror(void **state)
{
	static const char *const hosts[] = { "gcr.io",
					     "ghcr.io",
					     "quay.io",
					     "registry.k8s.io",
					     "mcr.microsoft.com",
					     "public.ecr.aws",
					     "lscr.io",
					     "registry.gitlab.com" };
	struct settings *s = load(ARGS("--mirror"), ENV());
	const struct setting_upstream *hub = settings_upstream(s, "docker.io");

	assert_int_equal(s->n_upstreams, 9);
	assert_ptr_equal(hub, settings_default_upstream(s));
	assert_string_equal(hub->url, "https://registry-1.docker.io");
	assert_null(hub->username);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char url[100];

		snprintf(url, sizeof(url), "https://%s", hosts[i]);
		assert_non_null(settings_upstream(s, hosts[i]));
		assert_string_equal(settings_upstream(s, hosts[i])->url, url);
	}
	settings_free(s);
	s = load(ARGS("--mirror=false"), ENV("LARDER_MIRROR=1"));
	assert_int_equal(s->n_upstreams, 0);
	settings_free(s);
}

static void test_mirror_of_another_hub(void **state)
{
	struct settings *s = load(
		ARGS(), ENV("LARDER_MIRROR=true",
			    "LARDER_UPSTREAMS_DOCKER_IO_URL=http://127.0.0.1:7000",
			    "LARDER_UPSTREAMS_MY__SITE_EXAMPLE___5000_FRESHNESS=1h30m"));

	assert_int_equal(s->n_upstreams, 10);
	assert_string_equal(settings_upstream(s, "docker.io")->url,
			    "http://127.0.0.1:7000");
	assert_true(settings_upstream(s, "docker.io")->is_default);
	assert_string_equal(settings_upstream(s, "my-site.example:5000")->url,
			    "https://my-site.example:5000");
	assert_true(settings_upstream(s, "my-site.example:5000")->has_freshness);
	assert_int_equal(settings_upstream(s, "my-site.example:5000")->freshness_ms,
			 5400000);
	settings_free(s);

	s = load(ARGS("--mirror"), ENV("LARDER_UPSTREAMS_QUAY_IO_DEFAULT=true"));
	assert_string_equal(settings_default_upstream(s)->host, "quay.io");
	settings_free(s);
	refused(ARGS("--mirror"),
		ENV("LARDER_UPSTREAMS_QUAY_IO_DEFAULT=true",
		    "REGISTRY_PROXY_REMOTEURL=https://ghcr.io"),
		"quay.io", "ghcr.io");
}

static void test_credentials(void **state)
{
	const char *token = file_with("token", "tok:en\r\n");
	char variable[400];
	struct settings *s;

	snprintf(variable, sizeof(variable),
		 "LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_PASSWORD_FILE=%s", token);
	s = load(ARGS("--mirror"),
		 ENV("DOCKER_USERNAME=hubber", "DOCKER_PASSWORD=hubpw",
		     "LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS=me:a:b",
		     "LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_USERNAME=g",
		     "LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_PASSWORD=old", variable));
	assert_string_equal(settings_upstream(s, "docker.io")->username, "hubber");
	assert_string_equal(settings_upstream(s, "docker.io")->password, "hubpw");
	assert_string_equal(settings_upstream(s, "quay.io")->username, "me");
	assert_string_equal(settings_upstream(s, "quay.io")->password, "a:b");
	assert_string_equal(settings_upstream(s, "ghcr.io")->username, "g");
	assert_string_equal(settings_upstream(s, "ghcr.io")->password, "tok:en");
	assert_null(settings_upstream(s, "gcr.io")->username);
	settings_free(s);

	s = load(ARGS("--mirror"), ENV("DOCKER_USERNAME=hubber", "DOCKER_PASSWORD=hubpw",
				       "LARDER_UPSTREAMS_DOCKER_IO_CREDENTIALS=me:pw"));
	assert_string_equal(settings_upstream(s, "docker.io")->username, "me");
	settings_free(s);
	s = load(ARGS(), ENV("DOCKER_USERNAME=hubber", "DOCKER_PASSWORD=hubpw",
			     "REGISTRY_PROXY_REMOTEURL=https://registry-1.docker.io"));
	assert_null(s->upstreams[0].username);
	settings_free(s);
	s = load(ARGS("--mirror"), ENV("DOCKER_USERNAME=hubber"));
	assert_null(settings_upstream(s, "docker.io")->username);
	assert_true(warned(s, "DOCKER_PASSWORD"));
	settings_free(s);
	s = load(ARGS(), ENV("LARDER_UPSTREAMS_A_EXAMPLE_URL=http://a.example",
			     "LARDER_UPSTREAMS_A_EXAMPLE_CREDENTIALS=me:hush"));
	assert_true(warned(s, "unencrypted"));
	assert_false(warned(s, "hush"));
	settings_free(s);
	refused(ARGS(), ENV("LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_USERNAME=g"), "ghcr.io",
		"no password");
	refused(ARGS(),
		ENV("LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_USERNAME=g",
		    "LARDER_UPSTREAMS_GHCR_IO_CREDENTIALS_PASSWORD_FILE=/nowhere"),
		"password-file", "/nowhere");
}

static void test_whole_file(void **state)
{
	struct settings *s =
		load_file("version: 0.1\n"
			  "log: {level: error, formatter: logstash, accesslog: "
			  "{disabled: true}}\n"
			  "storage: {maintenance: {readonly: {enabled: true}}}\n"
			  "http: {draintimeout: 1m}\n"
			  "larder:\n"
			  "  patience: 500ms\n"
			  "  negative: 0\n"
			  "  threads: 3\n"
			  "  tags:\n"
			  "    docker.io/library/*:latest: 1m\n"
			  "    docker.io/library/debian:bookworm-2*: pinned\n"
			  "    ghcr.io/**: always\n"
			  "  local: [team/**, other/x]\n"
			  "  timeouts: {connect: 1s, header: 2s, stall: 3s}\n"
			  "  upstreams:\n"
			  "    index.docker.io: {realm: auth.example.com}\n"
			  "    quay.io:\n");

	assert_int_equal(s->log_level, LOG_ERROR);
	assert_int_equal(s->log_format, LOG_JSON);
	assert_false(s->access_log);
	assert_true(s->readonly);
	assert_int_equal(s->drain_ms, 60000);
	assert_int_equal(s->patience_ms, 500);
	assert_int_equal(s->negative_ms, 0);
	assert_int_equal(s->threads, 3);
	assert_int_equal(s->n_tags, 3);
	assert_string_equal(s->tags[0].pattern, "docker.io/library/*:latest");
	assert_int_equal(s->tags[0].age_ms, 60000);
	assert_false(s->tags[0].pinned);
	assert_true(s->tags[1].pinned);
	assert_int_equal(s->tags[2].age_ms, 0);
	assert_int_equal(s->n_local, 2);
	assert_string_equal(s->local[1], "other/x");
	assert_int_equal(s->header_ms, 2000);
	assert_int_equal(s->stall_ms, 3000);
	assert_int_equal(s->n_upstreams, 2);
	assert_string_equal(settings_upstream(s, "docker.io")->realm_host,
			    "auth.example.com");
	assert_string_equal(settings_upstream(s, "quay.io")->url, "https://quay.io");
	assert_null(settings_default_upstream(s));
	settings_free(s);
}

static void test_lists(void **state)
{
	const char *path = file_with("config.yml", "version: 0.1\n"
						   "larder:\n"
						   "  local: [a]\n"
						   "  tags: [{x: 1m}, y=2m]\n");
	struct settings *s = load(ARGS(path), ENV());

	assert_int_equal(s->n_tags, 2);
	assert_int_equal(s->tags[1].age_ms, 120000);
	settings_free(s);
	s = load(ARGS(path), ENV("LARDER_LOCAL=b/*, c/**",
				 "LARDER_TAGS=docker.io/library/*:latest=1m,**=pinned"));
	assert_int_equal(s->n_local, 2);
	assert_string_equal(s->local[0], "b/*");
	assert_int_equal(s->n_tags, 2);
	assert_string_equal(s->tags[0].pattern, "docker.io/library/*:latest");
	assert_true(s->tags[1].pinned);
	settings_free(s);
	s = load(ARGS(), ENV("LARDER_TAGS={a: 1m, 'b:*': always}", "LARDER_LOCAL=[d]",
			     "LARDER_UPSTREAMS={quay.io: {credentials: 'u:p'}}",
			     "LARDER_TIMEOUTS={connect: 1s}"));
	assert_int_equal(s->n_tags, 2);
	assert_string_equal(s->local[0], "d");
	assert_string_equal(settings_upstream(s, "quay.io")->username, "u");
	assert_int_equal(s->connect_ms, 1000);
	settings_free(s);
}

/* What is printed is a file that comes to the same, but for secrets. */
static void test_print(void **state)
{
	CLEANUP(buf_done)
	struct buf first = BUF_INIT(ROOM);
	CLEANUP(buf_done)
	struct buf second = BUF_INIT(ROOM);
	CLEANUP(buf_done)
	struct buf small = BUF_INIT(200);
	struct settings *s;

	s = load(ARGS("--mirror", "--print-settings"),
		 ENV("LARDER_UPSTREAMS_QUAY_IO_CREDENTIALS=someone:hush1",
		     "DOCKER_USERNAME=hubber", "DOCKER_PASSWORD=hush2",
		     "LARDER_UPSTREAMS_GHCR_IO_FRESHNESS=1d2h3m4s5ms",
		     "LARDER_TAGS=a/*:b=pinned,c=0", "LARDER_LOCAL=a/**,b",
		     "REGISTRY_HTTP_HEADERS={X-A: [\"b\\\"\", c], X-D: [e]}"));
	assert_true(s->print);
	assert_int_equal(settings_print(s, &first), 0);
	assert_int_equal(settings_print(s, &small), -1);
	settings_free(s);
	assert_null(strstr(first.p, "hush"));
	assert_null(strstr(first.p, "someone"));
	assert_non_null(strstr(first.p, "1d2h3m4s5ms"));
	s = load_file(first.p);
	assert_int_equal(settings_print(s, &second), 0);
	settings_free(s);
	assert_string_equal(first.p, second.p);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "0", 0 },	     { "0s", 0 },	  { "500ms", 500 },
		{ "2s", 2000 },	     { "10m", 600000 },	  { "1h30m", 5400000 },
		{ "7d", 604800000 }, { "1.5h", 5400000 }, { "0.25s", 250 },
		{ "always", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct settings *s = load(ARGS("--freshness", good[i].text), ENV());

		assert_int_equal(s->freshness_ms, good[i].ms);
		settings_free(s);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} good[] = {
		{ ":5000", NULL, 5000 },       { "0.0.0.0:80", "0.0.0.0", 80 },
		{ "[::1]:5000", "::1", 5000 }, { "localhost:0", "localhost", 0 },
		{ "[::]:65535", "::", 65535 },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct settings *s = load(ARGS("--addr", good[i].text), ENV());

		assert_int_equal(s->listen_port, good[i].port);
		if (good[i].host)
			assert_string_equal(s->listen_host, good[i].host);
		else
			assert_null(s->listen_host);
		settings_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_file_named),
		cmocka_unit_test(test_registry_example),
		cmocka_unit_test(test_drop_in_proxy),
		cmocka_unit_test(test_registry_raw_password),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_mirror_of_another_hub),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
