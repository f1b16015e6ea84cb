/* trust/compare, its three forms, and bills of materials: two images whose packages and
 * settings are the lines of an input. A line "-" ends the first image. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "codec/json.h"
#include "trust/compare_show.h"
#include "trust/license.h"
#include "trust/sbom.h"

#define MOST 200 /* lines */

struct image {
	struct contents c;
	char text[MOST][256];
	size_t ntexts;
	struct contents_pair env[MOST];
};

static struct view next(struct view *rest, char end)
{
	const char *p = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;
	struct view word = { rest->p, p != NULL ? (size_t)(p - rest->p) : rest->n };
	size_t step = word.n + (p != NULL);

	rest->p += step;
	rest->n -= step;
	return word;
}

static void begin(struct image *im)
{
	im->c = (struct contents){ 0 };
	im->ntexts = 0;
	im->c.config = (struct contents_config){ .created = "",
						 .user = "",
						 .workdir = "",
						 .stop_signal = "",
						 .healthcheck = "",
						 .env = im->env };
}

/* "KIND name version arch source license path" by tabs; KIND 0 to 3, else a variable of
 * the environment. */
static void add(struct image *im, struct view line)
{
	struct view kind = next(&line, '\t'), whole = line;
	struct package_found f = { .name = next(&line, '\t') };
	char *text = im->text[im->ntexts++];
	struct err e;

	f.kind = (enum package_kind)(kind.n > 0 ? (unsigned char)kind.p[0] % 4 : 0);
	f.version = next(&line, '\t');
	f.arch = next(&line, '\t');
	f.source = next(&line, '\t');
	f.license = next(&line, '\t');
	f.path = line;
	if (kind.n == 1) {
		packages_add(&im->c.packages, &f, &e);
		return;
	}
	snprintf(text, sizeof(im->text[0]), "%.*s", (int)whole.n, whole.p);
	im->env[im->c.config.nenv++] = (struct contents_pair){ text, text };
	im->c.config.user = text;
	snprintf(im->c.os.name, sizeof(im->c.os.name), "%s", text);
	snprintf(im->c.os.id, sizeof(im->c.os.id), "%s", text);
}

/* No byte that is not for a line of text; nothing that is cut within a character. */
static void check_lines(const struct buf *b)
{
	unsigned code;
	size_t i, len;

	for (i = 0; i < b->n; i += len) {
		unsigned char c = (unsigned char)b->p[i];

		CHECK(c == '\n' || (c >= ' ' && c != 0x7f));
		len = c < 0x80 ? 1 : view_utf8(b->p + i, b->n - i, &code);
		CHECK(len > 0);
	}
}

static void check_json(const struct buf *b)
{
	struct err e;
	struct json *doc = json_parse(buf_view(b), &e);

	CHECK(doc != NULL);
	json_free(doc);
}

static void show(const struct comparison *c, struct buf *out)
{
	struct compare_names names = { "a", "b", &c->before->digest, &c->after->digest };
	struct sbom_image image = { "docker.io/library/x", "1", 0 };
	struct err e;

	CHECK(compare_text_summary(c, out) == 0 && compare_text(c, 0, out) == 0);
	check_lines(out);
	buf_clear(out);
	CHECK(compare_markdown(c, 0, out) == 0);
	check_lines(out);
	buf_clear(out);
	CHECK(compare_json(c, &names, out) == 0);
	check_json(out);
	buf_clear(out);
	CHECK(sbom_write(SBOM_SPDX, c->after, &image, out, &e) == 0);
	check_json(out);
	buf_clear(out);
	CHECK(sbom_write(SBOM_CYCLONEDX, c->after, &image, out, &e) == 0);
	check_json(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image a, b;
	struct buf out = BUF_INIT(1u << 26);
	struct image *im = &a;
	struct view rest = { (const char *)data, size };
	struct comparison c;
	size_t n;

	begin(&a);
	begin(&b);
	for (n = 0; rest.n > 0 && n < MOST; n++) {
		struct view line = next(&rest, '\n');

		if (view_is(line, "-"))
			im = &b;
		else
			add(im, line);
	}
	packages_sort(&a.c.packages);
	packages_sort(&b.c.packages);
	compare_make(&a.c, &b.c, &c);
	/* Each package is a row, or half of one, or is on both sides. */
	CHECK(a.c.packages.n - c.by[COMPARE_REMOVED] ==
	      b.c.packages.n - c.by[COMPARE_ADDED]);
	show(&c, &out);
	compare_done(&c);
	compare_make(&b.c, &b.c, &c);
	CHECK(compare_same(&c));
	compare_done(&c);
	buf_done(&out);
	packages_done(&a.c.packages);
	packages_done(&b.c.packages);
	return 0;
}
