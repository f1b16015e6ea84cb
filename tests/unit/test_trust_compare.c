/* What changed between two images: packages matched, settings, layers. */
#include "contents_try.h"

#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trust/compare.h"

#define MANY 200000 /* PACKAGE_MAX_COUNT */

/* Rows as lines: "upgraded deb libc6 1 -> 2"; a path follows where one is given. */
static void rows_of(const struct comparison *c, struct buf *out)
{
	size_t i;

	for (i = 0; i < c->npackages; i++) {
		const struct package *a = c->package[i].before, *b = c->package[i].after;
		const struct package *any = b != NULL ? b : a;

		buf_addf(out, "%s %s %s %s -> %s%s%s\n", compare_word(c->package[i].kind),
			 package_word(any->kind), any->name, a != NULL ? a->version : "",
			 b != NULL ? b->version : "", any->path[0] != '\0' ? " " : "",
			 any->path);
	}
}

static void is(const char *const *before, const char *const *after,
	       const char *other_arch, const char *want)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 20);
	struct contents a, b;
	struct comparison c;

	try_begin(&a);
	try_begin(&b);
	if (other_arch != NULL)
		snprintf(b.config.platform.arch, sizeof(b.config.platform.arch), "%s",
			 other_arch);
	try_packages(&a, before);
	try_packages(&b, after);
	compare_make(&a, &b, &c);
	rows_of(&c, &out);
	assert_string_equal(buf_str(&out), want);
	compare_done(&c);
	try_end(&a);
	try_end(&b);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void packages(void **state)
{
	is(LINES(), LINES(), NULL, "");
	is(LINES("deb libc6 2.36-9 amd64"), LINES("deb libc6 2.36-9 amd64"), NULL, "");
	is(LINES("deb a 1 amd64", "deb b 1 amd64", "deb c 2 amd64", "deb d 1 amd64"),
	   LINES("deb a 1 amd64", "deb c 1 amd64", "deb d 2 amd64", "deb e 1 all"), NULL,
	   "removed deb b 1 -> \n"
	   "downgraded deb c 2 -> 1\n"
	   "upgraded deb d 1 -> 2\n"
	   "added deb e  -> 1\n");
	/* The order is the package manager's, of each kind. */
	is(LINES("deb x 9:1.0 amd64", "deb y 1.0~rc1 amd64", "apk z 1.2_rc1-r0 x86_64",
		 "rpm v 1:1.0-1 x86_64", "python w 1.9 -"),
	   LINES("deb x 10:0.1 amd64", "deb y 1.0 amd64", "apk z 1.2-r0 x86_64",
		 "rpm v 2.0-1 x86_64", "python w 1.10 -"),
	   NULL,
	   "upgraded deb x 9:1.0 -> 10:0.1\n"
	   "upgraded deb y 1.0~rc1 -> 1.0\n"
	   "upgraded apk z 1.2_rc1-r0 -> 1.2-r0\n"
	   "downgraded rpm v 1:1.0-1 -> 2.0-1\n"
	   "upgraded python w 1.9 -> 1.10\n");
	/* A name in two ecosystems is two packages. */
	is(LINES("deb pip 1 all", "python pip 1 -"),
	   LINES("deb pip 1 all", "python pip 2 -"), NULL,
	   "upgraded python pip 1 -> 2\n");
	/* The same name, written in another way; the same version, too. */
	is(LINES("python PyYAML 6.0 -"), LINES("python pyyaml 6.0.0 -"), NULL,
	   "changed python pyyaml 6.0 -> 6.0.0\n");
}

static void architectures(void **state)
{
	is(LINES("deb c 1 amd64", "deb c 1 i386"), LINES("deb c 2 amd64", "deb c 2 i386"),
	   NULL, "upgraded deb c 1 -> 2\nupgraded deb c 1 -> 2\n");
	is(LINES("deb c 1 amd64"), LINES("deb c 1 amd64", "deb c 1 i386"), NULL,
	   "added deb c  -> 1\n");
	is(LINES("deb c 1 amd64", "deb c 1 i386"), LINES("deb c 2 amd64"), NULL,
	   "upgraded deb c 1 -> 2\nremoved deb c 1 -> \n");
	is(LINES("deb c 1 all"), LINES("deb c 1 amd64"), NULL, "changed deb c 1 -> 1\n");
	is(LINES("deb c 1 all"), LINES("deb c 2 amd64"), NULL, "upgraded deb c 1 -> 2\n");
	/* Of images of two architectures, packages have another as a matter of course. */
	is(LINES("deb c 1 amd64", "deb d 1 amd64", "deb e 1 all"),
	   LINES("deb c 1 arm64", "deb d 2 arm64", "deb e 1 all"), "arm64",
	   "upgraded deb d 1 -> 2\n");
}

static void several_of_a_name(void **state)
{
	is(LINES("rpm kernel 1-1 x86_64", "rpm kernel 2-1 x86_64"),
	   LINES("rpm kernel 2-1 x86_64", "rpm kernel 3-1 x86_64"), NULL,
	   "upgraded rpm kernel 1-1 -> 3-1\n");
	is(LINES("rpm key 1-1 -", "rpm key 2-1 -", "rpm key 3-1 -"),
	   LINES("rpm key 2-1 -"), NULL,
	   "removed rpm key 1-1 -> \nremoved rpm key 3-1 -> \n");
	/* Each in its place, whatever the order of paths. */
	is(LINES("python pip 23 - a/METADATA", "python pip 23 - b/METADATA"),
	   LINES("python pip 23 - b/METADATA", "python pip 24 - a/METADATA"), NULL,
	   "upgraded python pip 23 -> 24 a/METADATA\n");
	/* Another Python has another place: still the same distribution. */
	is(LINES("python pip 23 - lib/python3.11/pip",
		 "python six 1 - lib/python3.11/six"),
	   LINES("python pip 24 - lib/python3.12/pip",
		 "python six 1 - lib/python3.12/six"),
	   NULL, "upgraded python pip 23 -> 24 lib/python3.12/pip\n");
	is(LINES("python pip 23 - a", "python pip 23 - b"), LINES("python pip 23 - b"),
	   NULL, "removed python pip 23 ->  a\n");
}

/* As many as there may be, all of one name: what is built for usual images takes no
 * square of them. */
static void very_many(void **state)
{
	struct contents a, b;
	struct comparison c;
	char text[64];
	clock_t began;
	int i;

	try_begin(&a);
	try_begin(&b);
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "rpm x %d-1 - %d", i, i);
		try_package(&a, text);
		snprintf(text, sizeof(text), "rpm x %d-2 - %d", i, i + 1);
		try_package(&b, text);
	}
	packages_sort(&a.packages);
	packages_sort(&b.packages);
	began = clock();
	compare_make(&a, &b, &c);
	assert_int_equal(c.npackages, MANY);
	assert_true((clock() - began) / CLOCKS_PER_SEC < 20);
	compare_done(&c);
	try_end(&a);
	try_end(&b);
}

/* --- configuration --- */

static void settings_of(const struct comparison *c, struct buf *out)
{
	size_t i;

	for (i = 0; i < c->nsettings; i++) {
		const struct compare_setting *s = &c->setting[i];

		buf_addf(out, "%s %s %s: %s -> %s\n", compare_word(s->kind), s->what,
			 s->name, s->before != NULL ? s->before : "(none)",
			 s->after != NULL ? s->after : "(none)");
	}
}

static void settings(void **state)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(1 << 20);
	const char *cmd[] = { "python3" }, *cmd2[] = { "python3", "-c \"x\"" };
	const char *ports[] = { "80/tcp", "81/tcp" }, *ports2[] = { "81/tcp", "82/udp" };
	struct contents_pair env[] = { { "A", "1" }, { "B", "" }, { "PATH", "/bin" } };
	struct contents_pair env2[] = { { "A", "2" }, { "C", "" }, { "PATH", "/bin" } };
	struct contents_pair label2[] = { { "maintainer", "me" } };
	struct contents a, b;
	struct comparison c;

	try_begin(&a);
	try_begin(&b);
	a.config.cmd = cmd;
	a.config.ncmd = 1;
	a.config.entrypoint = cmd;
	a.config.nentrypoint = 1;
	b.config.cmd = cmd2;
	b.config.ncmd = 2;
	a.config.env = env;
	b.config.env = env2;
	a.config.nenv = b.config.nenv = 3;
	a.config.port = ports;
	b.config.port = ports2;
	a.config.nport = b.config.nport = 2;
	b.config.label = label2;
	b.config.nlabel = 1;
	b.config.user = "1000";
	a.config.healthcheck = "{\"Test\":[\"NONE\"]}";
	a.config.workdir = "/a";
	b.config.workdir = "/b";
	compare_make(&a, &b, &c);
	settings_of(&c, &out);
	assert_string_equal(
		buf_str(&out),
		"added user : (none) -> 1000\n"
		"changed workdir : /a -> /b\n"
		"removed entrypoint : [\"python3\"] -> (none)\n"
		"changed cmd : [\"python3\"] -> [\"python3\",\"-c \\\"x\\\"\"]\n"
		"removed healthcheck : {\"Test\":[\"NONE\"]} -> (none)\n"
		"changed env A: 1 -> 2\n"
		"removed env B:  -> (none)\n"
		"added env C: (none) -> \n"
		"removed port 80/tcp:  -> (none)\n"
		"added port 82/udp: (none) -> \n"
		"added label maintainer: (none) -> me\n");
	assert_false(compare_same(&c));
	compare_done(&c);
	compare_make(&a, &a, &c);
	assert_int_equal(c.nsettings, 0);
	assert_true(compare_same(&c));
	compare_done(&c);
	try_end(&a);
	try_end(&b);
}

static void a_list_too_long_to_show(void **state)
{
	char *arg = unit_repeat('x', COMPARE_LIST_MAX);
	const char *cmd[] = { arg }, *cmd2[] = { arg, "" };
	struct contents a, b;
	struct comparison c;

	try_begin(&a);
	try_begin(&b);
	a.config.cmd = cmd;
	a.config.ncmd = 1;
	b.config.cmd = cmd2;
	b.config.ncmd = 2;
	compare_make(&a, &b, &c);
	assert_int_equal(c.nsettings, 1); /* seen nonetheless */
	assert_string_equal(c.setting[0].before, "[...]");
	assert_string_equal(c.setting[0].after, "[...]");
	compare_done(&c);
	try_end(&a);
	try_end(&b);
	test_free(arg);
}

/* --- layers and system --- */

static void layers(void **state)
{
	struct contents a, b;
	struct comparison c;

	try_begin(&a);
	try_begin(&b);
	try_layer(&a, "base", "base+", 100);
	try_layer(&a, "gzip", "top+", 20);
	try_layer(&a, "old", "old+", 3);
	try_layer(&b, "base", "base+", 100);
	try_layer(&b, "zstd", "top+", 18);
	try_layer(&b, "new", "new+", 5);
	try_layer(&b, "new", "new+", 5); /* twice there, fetched once */
	compare_make(&a, &b, &c);
	assert_int_equal(c.shared.n, 1);
	assert_int_equal(c.shared.bytes, 100);
	assert_int_equal(c.repacked.n, 1);
	assert_int_equal(c.repacked.bytes, 18);
	assert_int_equal(c.fresh.n, 2);
	assert_int_equal(c.fresh.bytes, 5);
	assert_int_equal(c.gone.n, 1);
	assert_int_equal(c.gone.bytes, 3);
	assert_false(compare_same(&c));
	compare_done(&c);
	try_end(&a);
	try_end(&b);
}

static void the_system(void **state)
{
	struct contents a, b;
	struct comparison c;

	try_begin(&a);
	try_begin(&b);
	try_system(&a, "debian", "12", "Debian GNU/Linux 12 (bookworm)");
	try_system(&b, "debian", "12", "Debian GNU/Linux 12 (bookworm)");
	compare_make(&a, &b, &c);
	assert_false(c.system);
	compare_done(&c);
	snprintf(b.os.debian_version, sizeof(b.os.debian_version), "12.6");
	compare_make(&a, &b, &c);
	assert_true(c.system);
	compare_done(&c);
	try_end(&a);
	try_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages),
		cmocka_unit_test(architectures),
		cmocka_unit_test(several_of_a_name),
		cmocka_unit_test(very_many),
		cmocka_unit_test(settings),
		cmocka_unit_test(a_list_too_long_to_show),
		cmocka_unit_test(layers),
		cmocka_unit_test(the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
