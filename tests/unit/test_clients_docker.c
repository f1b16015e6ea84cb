/* daemon.json: merged in the text, and taken out of it again. */
#include "clients_try.h"

#define OURS "http://127.0.0.1:5000"

static void none_or_empty(void **state)
{
	struct wish w = TRY_WISH(OURS, "docker.io");
	const char *want = "{\n  \"registry-mirrors\": [\"" OURS "\"]\n}\n";

	try_add(&docker_client, &w, "", want);
	try_add(&docker_client, &w, " \n\n", want);
	try_add(&docker_client, &w, "{}\n", want);
	try_add(&docker_client, &w, "{ }\n", want);
	try_take(&docker_client, &w, want, "");
	try_take(&docker_client, &w, "", "");
	try_take(&docker_client, &w, "{}", "{}");
}

static void others_stay(void **state)
{
	static const struct {
		const char *now, *with;
	} rows[] = {
		{ "{\"debug\": true}",
		  "{\"registry-mirrors\": [\"" OURS "\"], \"debug\": true}" },
		{ "{\n\t\"debug\": true\n}\n",
		  "{\n\t\"registry-mirrors\": [\"" OURS "\"],\n\t\"debug\": true\n}\n" },
		{ "{\"registry-mirrors\": [\"https://a\", \"https://b\"], \"x\": {}}",
		  "{\"registry-mirrors\": [\"" OURS
		  "\", \"https://a\", \"https://b\"], \"x\": {}}" },
		{ "{ \"x\": \"registry-mirrors\",\n  \"registry-mirrors\": [\n"
		  "    \"https://a\"\n  ] }",
		  "{ \"x\": \"registry-mirrors\",\n  \"registry-mirrors\": [\n"
		  "    \"" OURS "\",\n    \"https://a\"\n  ] }" },
		{ "{\"a\": \"q\\\"]},{\", \"l\": [[1,2],{\"registry-mirrors\":[]}],"
		  "\"registry-mirrors\":[\"http://m\"]}",
		  "{\"a\": \"q\\\"]},{\", \"l\": [[1,2],{\"registry-mirrors\":[]}],"
		  "\"registry-mirrors\":[\"" OURS "\", \"http://m\"]}" },
	};
	struct wish w = TRY_WISH(OURS, "docker.io");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		try_both(&docker_client, &w, rows[i].now, rows[i].with);
}

static void ours_is_there(void **state)
{
	struct wish w = TRY_WISH(OURS, "docker.io");

	try_add(&docker_client, &w, "{\"registry-mirrors\":[\"" OURS "/\"]}",
		"{\"registry-mirrors\":[\"" OURS "/\"]}");
	/* but not the first */
	try_add(&docker_client, &w,
		"{\"registry-mirrors\":[\"http://a\",\"HTTP://127.0.0.1:5000/\"]}",
		"{\"registry-mirrors\":[\"" OURS "\", \"http://a\"]}");
	try_add(&docker_client, &w,
		"{\"registry-mirrors\":[\"http://a\", \"" OURS "\", \"http://b\"]}",
		"{\"registry-mirrors\":[\"" OURS "\", \"http://a\", \"http://b\"]}");
	try_add(&docker_client, &w, "{\"registry-mirrors\": []}",
		"{\"registry-mirrors\": [\"" OURS "\"]}");
}

static void another_machine(void **state)
{
	struct wish w = TRY_WISH("cache.lan:5000", "docker.io");
	struct wish tls = TRY_WISH("https://cache.lan", "docker.io");

	try_both(&docker_client, &w, "{\n  \"debug\": true\n}\n",
		 "{\n  \"registry-mirrors\": [\"http://cache.lan:5000\"],\n"
		 "  \"insecure-registries\": [\"cache.lan:5000\"],\n  \"debug\": "
		 "true\n}\n");
	try_add(&docker_client, &w,
		"{\"insecure-registries\": [\"x\", \"cache.lan:5000\"]}",
		"{\"registry-mirrors\": [\"http://cache.lan:5000\"], "
		"\"insecure-registries\": [\"x\", \"cache.lan:5000\"]}");
	try_both(&docker_client, &tls, "{\"debug\": true}",
		 "{\"registry-mirrors\": [\"https://cache.lan\"], \"debug\": true}");
}

static void what_was_there_before_stays(void **state)
{
	struct wish w = TRY_WISH("cache.lan:5000", "docker.io");
	const char *now = "{\"registry-mirrors\": [\"http://cache.lan:5000\"], "
			  "\"insecure-registries\": [\"cache.lan:5000\"], \"new\": 1}";

	try_take_before(&docker_client, &w, now,
			"{\"insecure-registries\": [\"cache.lan:5000\"]}",
			"{\"insecure-registries\": [\"cache.lan:5000\"], \"new\": 1}");
	try_take_before(&docker_client, &w, now, "{}", "{\"new\": 1}");
	try_take_before(&docker_client, &w, now,
			"{\"registry-mirrors\": [\"http://cache.lan:5000/\"]}", now);
	/* without the mirror nothing is ours */
	try_take(&docker_client, &w, "{\"insecure-registries\": [\"cache.lan:5000\"]}",
		 "{\"insecure-registries\": [\"cache.lan:5000\"]}");
}

static void taken_from_anywhere(void **state)
{
	struct wish w = TRY_WISH(OURS, "docker.io");

	try_take(&docker_client, &w,
		 "{\"registry-mirrors\": [\"http://a\", \"" OURS "\", \"http://b\"]}",
		 "{\"registry-mirrors\": [\"http://a\", \"http://b\"]}");
	try_take(&docker_client, &w,
		 "{\"registry-mirrors\": [\"http://a\" , \"" OURS "\"]}",
		 "{\"registry-mirrors\": [\"http://a\"]}");
	try_take(&docker_client, &w,
		 "{\n  \"a\": 1,\n  \"registry-mirrors\": [\"" OURS "\"]\n}",
		 "{\n  \"a\": 1\n}");
	try_take(&docker_client, &w,
		 "{\"a\": 1, \"registry-mirrors\": [\"" OURS "\"], \"b\": 2}",
		 "{\"a\": 1, \"b\": 2}");
}

static void broken(void **state)
{
	struct wish w = TRY_WISH(OURS, "docker.io");

	try_refused(&docker_client, &w, "{\n  \"a\": 1,\n}", "line 3, column 1");
	try_refused(&docker_client, &w, "{\"a\": 1", "line 1");
	try_refused(&docker_client, &w, "[]", "no JSON object");
	try_refused(&docker_client, &w, "{\"registry-mirrors\": \"x\"}",
		    "\"registry-mirrors\" in it is no list of texts");
	try_refused(&docker_client, &w, "{\"registry-mirrors\": [1]}",
		    "no list of texts");
	try_refused(&docker_client, &w, "{\"registry\\u002dmirrors\": []}", "escapes");
	try_refused(&docker_client, &w, "{\"a\": 1, \"a\": 2}", "line 1");
}

/* Texts of all shapes: what is added can be taken out, and the rest is as it was. */
static void shapes(void **state)
{
	static const char *const spaces[] = { "", " ", "\n", "\n  ", "\r\n\t" };
	static const char *const lists[] = { "[]", "[\"a\"]", "[ \"a\" , \"b\"]",
					     "[\n \"a\",\n \"b\"\n ]" };
	struct wish w = TRY_WISH(OURS, "docker.io");
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(spaces); i++)
		for (j = 0; j < ARRAY_LEN(lists); j++) {
			const char *sp = spaces[i];
			CLEANUP(mem_freep)
			char *text = mem_fmt("{%s\"m\"%s:%s\"x\"%s,%s\"registry-mirrors\""
					     "%s:%s%s%s}",
					     sp, sp, sp, sp, sp, sp, sp, lists[j], sp);
			CLEANUP(buf_done)
			struct buf with = BUF_INIT(CLIENT_MAX_BYTES),
				   out = BUF_INIT(CLIENT_MAX_BYTES);
			struct client_text t = try_text(text, NULL);

			assert_int_equal(docker_client.add(&t, &w, &with, NULL), 0);
			t = try_text(buf_str(&with), NULL);
			assert_int_equal(docker_client.take(&t, &w, &out, NULL), 0);
			if (j > 0) /* an empty list goes with ours */
				assert_string_equal(buf_str(&out), text);
			else
				assert_null(strstr(buf_str(&out), "mirrors"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_or_empty),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(ours_is_there),
		cmocka_unit_test(another_machine),
		cmocka_unit_test(what_was_there_before_stays),
		cmocka_unit_test(taken_from_anywhere),
		cmocka_unit_test(broken),
		cmocka_unit_test(shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
