/* Lists of images: comments, variables, platforms, and a bad line among good ones. */
#include "unit.h"

#include <stdio.h>

#include "oci/imagelist.h"

static const char *variable(void *arg, const char *name)
{
	if (strcmp(name, "VERSION") == 0)
		return "3.11-slim";
	if (strcmp(name, "EMPTY") == 0)
		return "";
	if (strcmp(name, "LONG") == 0)
		return arg;
	return NULL;
}

static struct imagelist list(const char *text, void *arg)
{
	return (struct imagelist){ .text = view_of(text),
				   .variable = variable,
				   .arg = arg };
}

/* The next entry is this image, from this line. */
static void next_is(struct imagelist *l, const char *image, unsigned line)
{
	char text[IMAGEREF_TEXT_MAX];
	struct imagelist_entry entry;
	struct err e;

	if (imagelist_next(l, &entry, &e) != 1)
		fail_msg("%s should come: %s", image, e.msg);
	imageref_text(&entry.image, text);
	assert_string_equal(text, image);
	assert_int_equal(entry.line, line);
}

static void next_is_bad(struct imagelist *l, const char *has, unsigned line)
{
	struct imagelist_entry entry;
	struct err e = { 0 };

	assert_int_equal(imagelist_next(l, &entry, &e), -1);
	if (strstr(e.msg, has) == NULL)
		fail_msg("\"%s\" should be in: %s", has, e.msg);
	assert_int_equal(l->line, line);
}

static void is_over(struct imagelist *l)
{
	struct imagelist_entry entry;

	assert_int_equal(imagelist_next(l, &entry, NULL), 0);
	assert_int_equal(imagelist_next(l, &entry, NULL), 0);
}

static void lines(void **state)
{
	struct imagelist l = list("# base images\n"
				  "\n"
				  "python:3.11-slim\r\n"
				  "  redis:7.4-alpine\t # cache\n"
				  "\t#busybox:1\n"
				  "alpine:3.19",
				  NULL);

	next_is(&l, "python:3.11-slim", 3);
	next_is(&l, "redis:7.4-alpine", 4);
	next_is(&l, "alpine:3.19", 6);
	is_over(&l);
}

static void variables(void **state)
{
	struct imagelist l = list("python:${VERSION}\n"
				  "postgres:${PG:-17}-alpine\n"
				  "a:${EMPTY:-1}${VERSION:-2}\n"
				  "a:${PG}\n"
				  "a:${EMPTY}\n"
				  "a:$PG\n"
				  "a:${PG\n"
				  "a:${1A}\n"
				  "a:${}\n"
				  "a:${PG:=1}\n"
				  "b:1\n",
				  NULL);

	next_is(&l, "python:3.11-slim", 1);
	next_is(&l, "postgres:17-alpine", 2);
	next_is(&l, "a:13.11-slim", 3);
	next_is_bad(&l, "${PG} is not set", 4);
	next_is_bad(&l, "${EMPTY} is not set", 5);
	next_is_bad(&l, "begins no ${NAME}", 6);
	next_is_bad(&l, "begins no ${NAME}", 7);
	next_is_bad(&l, "not a variable's name", 8);
	next_is_bad(&l, "not a variable's name", 9);
	next_is_bad(&l, "${NAME:-TEXT}", 10);
	next_is(&l, "b:1", 11);
	is_over(&l);
}

static void platforms(void **state)
{
	struct imagelist l = list("--platform=linux/amd64,linux/arm/v7 alpine:3.19\n"
				  "--platform=linux alpine:3.19\n"
				  "--platform= alpine:3.19\n"
				  "--pull alpine\n"
				  "alpine busybox\n"
				  "--platform=linux/amd64\n",
				  NULL);
	struct imagelist_entry entry;
	char text[100];

	assert_int_equal(imagelist_next(&l, &entry, NULL), 1);
	assert_int_equal(entry.nplatforms, 2);
	platform_text(&entry.platform[1], text);
	assert_string_equal(text, "linux/arm/v7");
	next_is_bad(&l, "linux", 2);
	next_is_bad(&l, "the only flag", 3);
	next_is_bad(&l, "the only flag", 4);
	next_is_bad(&l, "\"busybox\" is one too many", 5);
	next_is_bad(&l, "is no image", 6);
	is_over(&l);
}

static void limits(void **state)
{
	char *most = unit_repeat('a', 255), *longer = unit_repeat('a', 4097);
	char *text = test_malloc(12000);
	struct imagelist l;

	snprintf(text, 12000,
		 "%s\n%s\na:${LONG}\n--platform=l/a,l/a,l/a,l/a,l/a,l/a,l/a,"
		 "l/a,l/a,l/a,l/a,l/a,l/a,l/a,l/a,l/a,l/a a\nb:1\n",
		 most, longer);
	l = list(text, longer);
	most[255] = '\0';
	assert_int_equal(imagelist_next(&l, &(struct imagelist_entry){ 0 }, NULL), 1);
	next_is_bad(&l, "longer than 4096 bytes", 2);
	next_is_bad(&l, "with ${LONG}", 3);
	next_is_bad(&l, "more than 16 platforms", 4);
	next_is(&l, "b:1", 5);
	is_over(&l);
	test_free(text);
	test_free(longer);
	test_free(most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(variables),
		cmocka_unit_test(platforms),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
