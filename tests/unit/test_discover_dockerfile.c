/* Dockerfiles: each hard case of their syntax. What BuildKit does with each is in its
 * frontend/dockerfile. */
#include "discover_try.h"

#include "discover/dockerfile.h"

static const struct platform amd64 = { "linux", "amd64", "" };
static const struct platform arm = { "linux", "arm", "v7" };

/* args: "NAME=VALUE NAME=VALUE". */
static void reads_with(const char *args, bool any, const char *text, const char *want)
{
	struct vars given = { 0 }, contexts = { 0 };
	struct view rest = view_of(args), word;
	struct dockerfile d = { .args = &given,
				.contexts = &contexts,
				.target = arm,
				.build = amd64,
				.any_platform = any };
	struct discover_try t;

	while ((word = view_word(&rest)).n > 0)
		vars_set_pair(&given, word);
	vars_set(&contexts, "other", "docker-image://x");
	discover_try_begin(&t, FIND_DOCKERFILE, text);
	dockerfile_read(&t.r, &d);
	discover_try_end(&t, want);
	vars_done(&given);
	vars_done(&contexts);
}

static void reads(const char *text, const char *want)
{
	reads_with("", true, text, want);
}

static void plain(void **state)
{
	reads("FROM alpine:3.19\n", "1 FROM alpine:3.19\n");
	reads("FROM alpine:3.19", "1 FROM alpine:3.19\n");
	reads("\n\n  from\talpine:3.19 \t\n", "3 FROM alpine:3.19\n");
	reads("FROM alpine:3.19\r\nRUN x\r\nFROM b\r\n",
	      "1 FROM alpine:3.19\n3 FROM b\n");
	reads("\xef\xbb\xbf"
	      "FROM a\n",
	      "1 FROM a\n");
	reads("# FROM x\n#FROM y\n  # FROM z\nFROM a\n", "4 FROM a\n");
	reads("FROM scratch\n", "");
	reads("", "");
	reads("#", "");
	reads("FROM", "");
	reads("FROM \\\n", "");
	reads("RUN FROM x\nFROMx y\n", "");
	reads("FROM a@sha256:"
	      "0123456789012345678901234567890123456789012345678901234567890123\n",
	      "1 FROM a@sha256:"
	      "0123456789012345678901234567890123456789012345678901234567890123\n");
	reads("FROM localhost:5000/x/y:1\n", "1 FROM localhost:5000/x/y:1\n");
}

static void not_an_image(void **state)
{
	reads("FROM Upper:1\n", "1 FROM ? Upper:1: \"Upper:1\" is no image: not a "
				"repository name: lower-case letters and digits, with "
				"'.', '_', '-' or '/' between them\n");
	reads("FROM {{ image }}\n",
	      "1 FROM ? {{: after FROM there may be an image, AS and a name, no more\n");
	reads("FROM alpine # why\n",
	      "1 FROM ? alpine: after FROM there may be an image, AS and a name, no "
	      "more\n");
	reads("FROM @image@:1\n", "1 FROM ? @image@:1: \"@image@:1\" is no image: not a "
				  "digest of sha256 or sha512\n");
}

static void directives(void **state)
{
	reads("# syntax=docker/dockerfile:1\nFROM a\n",
	      "1 # syntax docker/dockerfile:1\n2 FROM a\n");
	reads("#  SynTax = docker/dockerfile:1.7 more\r\n# check=skip=all\n# "
	      "escape=`\nFROM `\na\n",
	      "1 # syntax docker/dockerfile:1.7\n5 FROM a\n");
	/* Not after another comment, an empty line, an instruction, or twice. */
	reads("# a comment\n# syntax=docker/dockerfile:1\nFROM a\n", "3 FROM a\n");
	reads("\n# syntax=docker/dockerfile:1\nFROM a\n", "3 FROM a\n");
	reads("FROM a\n# syntax=x\n", "1 FROM a\n");
	reads("# other=x\n# syntax=y\nFROM a\n", "3 FROM a\n");
	reads("#!/usr/bin/env docker\n# syntax=x/y\nFROM a\n",
	      "2 # syntax x/y\n3 FROM a\n");
	/* The escape character of a comment further on is a comment. */
	reads("FROM a\n# escape=`\nRUN x `\nFROM b\n", "1 FROM a\n4 FROM b\n");
	reads("# escape=`\nFROM a\nRUN dir c:\\\nFROM b\nRUN x `\nFROM c\n",
	      "2 FROM a\n4 FROM b\n");
}

static void lines_that_go_on(void **state)
{
	reads("FROM \\\n  alpine:3.19 \\\n  AS x\n", "2 FROM alpine:3.19\n");
	reads("FROM alp\\\nine:3.19\n", "1 FROM alpine:3.19\n");
	reads("RUN a \\\n# FROM x\n\n  # more\n  \t\n  b\nFROM y\n", "7 FROM y\n");
	reads("RUN a \\  \nFROM x\nFROM y\n", "3 FROM y\n");
	reads("RUN a \\\\\nFROM x\n", "2 FROM x\n");
	reads("RUN echo \\\r\n  FROM x\r\nFROM y\r\n", "3 FROM y\n");
	reads("RUN a && \\", "");
	reads("\\\nFROM a\n", "2 FROM a\n");
	reads("RUN a \\\n  \\\n  b\nFROM c", "4 FROM c\n");
}

static void here_documents(void **state)
{
	reads("RUN <<EOF\nFROM x\nCOPY --from=y / /\nEOF\nFROM a\n", "5 FROM a\n");
	reads("RUN cat <<EOF > f\nFROM x\nEOF\nFROM a\n", "4 FROM a\n");
	reads("RUN <<-\"END\"\n\tFROM x\n\tEND\nFROM a\n", "4 FROM a\n");
	reads("RUN <<'E F'\nFROM x\nE F\nFROM a\n", "4 FROM a\n");
	reads("COPY <<one <<two /x/\nFROM x\none\nFROM y\ntwo\nFROM a\n", "6 FROM a\n");
	reads("ADD << EOF /x\nFROM x\nEOF\nFROM a\n", "4 FROM a\n");
	reads("RUN 3<<EOF cat\nFROM x\nEOF\nFROM a\n", "4 FROM a\n");
	reads("ONBUILD RUN <<EOF\nFROM x\nEOF\nFROM a\n", "4 FROM a\n");
	reads("RUN --mount=type=cache,target=/c <<EOF\nFROM x\nEOF\nFROM a\n",
	      "4 FROM a\n");
	reads("RUN <<EOF \\\n  && b\nFROM x\nEOF\nFROM a\n", "5 FROM a\n");
	reads("RUN <<EOF\r\nFROM x\r\nEOF\r\nFROM a\r\n", "4 FROM a\n");
	/* The end must be the line, and no other. */
	reads("RUN <<EOF\n EOF\nEOFX\nFROM x\nEOF\nFROM a\n", "6 FROM a\n");
	/* Not one: a here-string, a list, another instruction, within a word or quotes.
	 */
	reads("RUN cat <<<EOF\nFROM a\n", "2 FROM a\n");
	reads("RUN [\"cat\", \"<<EOF\"]\nFROM a\n", "2 FROM a\n");
	reads("ENV A=<<EOF\nFROM a\n", "2 FROM a\n");
	reads("RUN cat x<<EOF\nFROM a\n", "2 FROM a\n");
	reads("RUN echo '<<EOF'\nFROM a\n", "2 FROM a\n");
	reads("RUN echo it's <<EOF\nFROM a\n", "2 FROM a\n");
	/* One without an end is no reason to be blind for the rest. */
	reads("RUN echo $(( 1 << 2 ))\nFROM a\nRUN <<EOF\nFROM b\n",
	      "2 FROM a\n4 FROM b\n");
}

static void arguments(void **state)
{
	reads("ARG V=3.19\nFROM alpine:${V}\nFROM alpine:$V-x\n",
	      "2 FROM alpine:3.19\n3 FROM alpine:3.19-x\n");
	reads_with("V=edge OTHER=1", true, "ARG V=3.19\nFROM alpine:${V}\n",
		   "2 FROM alpine:edge\n");
	reads_with("V=edge", true, "ARG V\nFROM alpine:${V}\n", "2 FROM alpine:edge\n");
	/* Only what is declared counts, and that only before the first FROM. */
	reads_with("V=edge", true, "FROM alpine:${V}\n",
		   "1 FROM ? alpine:${V}: V has no value\n");
	reads("FROM a\nARG V=1\nFROM b:$V\n",
	      "1 FROM a\n3 FROM ? b:$V: V has no value\n");
	reads("ARG V\nFROM alpine:$V\n", "2 FROM ? alpine:$V: V has no value\n");
	reads("ARG IMG=python VER=3.11\nARG REF=${IMG}:${VER}-slim\nFROM $REF\n",
	      "3 FROM python:3.11-slim\n");
	reads("ARG A=1\nARG A\nARG A=2\nFROM a:$A\n", "4 FROM a:2\n");
	reads("ARG A=\"x y\" B='c:1' C=d\\:1\nFROM $B\nFROM $C\n",
	      "2 FROM c:1\n3 FROM d:1\n");
	reads("ARG A=\nFROM alpine$A\n", "2 FROM alpine\n");
	reads("ARG A=$B\nFROM a:$A\n", "2 FROM ? a:$A: A has no value\n");
	reads("ARG \\\n  A=1 \\\n  B=2\nFROM a:$A.$B\n", "4 FROM a:1.2\n");
	reads_with("A=1", true, "arg A=0\nFROM a:$A\n", "2 FROM a:1\n");
	reads("ARG BASE=scratch\nFROM $BASE\n", "");
}

static void forms_of_variables(void **state)
{
	reads("FROM ${A:-alpine:3}\nFROM ${A-b}\nFROM a${A:+x}\n",
	      "1 FROM alpine:3\n2 FROM b\n3 FROM a\n");
	reads("ARG E=\nFROM a${E:-x}\nFROM b${E-x}\nFROM c${E+x}\nFROM d${E:+x}\n",
	      "2 FROM ax\n3 FROM b\n4 FROM cx\n5 FROM d\n");
	reads("ARG R\nARG I=app\nFROM ${R:+$R/}${I}:${T:-${U:-1}}\n", "3 FROM app:1\n");
	reads("ARG T=v1.2.3\nFROM a:${T#v}\nFROM a:${T%.*}\nFROM a:${T%%.*}\n"
	      "FROM a:${T##*.}\nFROM a:${T/./-}\nFROM a:${T//./-}\n",
	      "2 FROM a:1.2.3\n3 FROM a:v1.2\n4 FROM a:v1\n5 FROM a:3\n"
	      "6 FROM a:v1-2.3\n7 FROM a:v1-2-3\n");
	reads("FROM a:${T:?say one}\n", "1 FROM ? a:${T:?say: after FROM there may "
					"be an image, AS and a name, no more\n");
	reads("FROM a:${T:?}\n", "1 FROM ? a:${T:?}: T has no value\n");
	reads("FROM a:${T\n", "1 FROM ? a:${T: ${T without a }\n");
	reads("FROM a:${}\n", "1 FROM ? a:${}: \"${\" without a variable's name\n");
	reads("ARG A=1\nFROM a:${A:=2}\n",
	      "2 FROM ? a:${A:=2}: ${A:=...}: no form that is known\n");
	reads("ARG A=x\nFROM ${A:-$NONE}\nFROM ${NONE:-$A}\nFROM ${NONE:-$ALSO}\n",
	      "2 FROM x\n3 FROM x\n4 FROM ? ${NONE:-$ALSO}: ALSO has no value\n");
}

static void quotes(void **state)
{
	reads("FROM \"alpine:3.19\"\nFROM 'b' AS c\nFROM al'pi'ne\n",
	      "1 FROM alpine:3.19\n2 FROM b\n3 FROM alpine\n");
	reads("ARG V=1\nFROM \"a:$V\"\nFROM 'a:$V'\n",
	      "2 FROM a:1\n3 FROM ? 'a:$V': it has a placeholder that another program "
	      "fills in\n");
	reads("FROM \"a\n", "1 FROM ? \"a: a \" without another\n");
	reads("FROM alpine\\:3\n", "1 FROM alpine:3\n");
}

static void platforms(void **state)
{
	reads("FROM --platform=linux/arm64 a\nFROM --platform=\"linux/amd64\" b AS c\n",
	      "1 FROM a for linux/arm64\n2 FROM b for linux/amd64\n");
	reads("FROM --platform=$BUILDPLATFORM a\nFROM --platform=${TARGETPLATFORM} b\n",
	      "1 FROM a\n2 FROM b\n");
	reads_with("", false,
		   "FROM --platform=$BUILDPLATFORM a\nFROM --platform=$TARGETPLATFORM b\n"
		   "FROM --platform=$TARGETOS/arm64 c\nFROM d\n",
		   "1 FROM a for linux/amd64\n2 FROM b for linux/arm/v7\n"
		   "3 FROM c for linux/arm64\n4 FROM d\n");
	reads("ARG P=linux/s390x\nFROM --platform=$P a\n", "2 FROM a for linux/s390x\n");
	reads_with("TARGETPLATFORM=linux/riscv64", true,
		   "FROM --platform=$TARGETPLATFORM a\n", "1 FROM a for linux/riscv64\n");
	reads("FROM --platform=$NONE a\n", "1 FROM a\n");
	reads("FROM x AS build-arm\nFROM y AS build-amd64\nFROM build-$TARGETARCH\n"
	      "FROM z-${TARGETARCH}${TARGETVARIANT}\n",
	      "1 FROM x\n2 FROM y\n4 FROM z-armv7\n");
	reads("FROM --platform=linux/amd64 \\\n # a comment\n a\n",
	      "3 FROM a for linux/amd64\n");
}

static void stages(void **state)
{
	reads("FROM a AS build\nFROM build\nFROM b\nCOPY --from=build / /\n"
	      "COPY --from=0 / /\nCOPY --from=2 / /\n",
	      "1 FROM a\n3 FROM b\n");
	reads("FROM a AS Build\nFROM BUILD\nCOPY --from=bUiLd / /\n", "1 FROM a\n");
	/* A stage of the same name that comes later, or this one itself, is none yet. */
	reads("FROM python AS python\nFROM later\nFROM x AS later\nFROM python\n",
	      "1 FROM python\n2 FROM later\n3 FROM x\n");
	/* In COPY and RUN it may come later: BuildKit looks when it knows all. */
	reads("FROM a\nCOPY --from=later / /\nRUN --mount=from=later,target=/x y\n"
	      "FROM b AS later\n",
	      "1 FROM a\n4 FROM b\n");
	reads("ARG S=build\nFROM a AS build\nFROM $S\nFROM ${S}\n", "2 FROM a\n");
	reads("FROM a\nCOPY --from=7 / /\n",
	      "1 FROM a\n2 COPY --from ? 7: there is no stage of that number\n");
	reads("FROM other\nFROM a AS other\nCOPY --from=other / /\n", "");
}

static void copies(void **state)
{
	reads("FROM a\nCOPY --from=nginx:1.27 /x /y\ncopy --link "
	      "--from=\"b\" --chown=1:1 x y\nCOPY --from=scratch / /\n",
	      "1 FROM a\n2 COPY --from nginx:1.27\n3 COPY --from b\n");
	reads("FROM a\nCOPY --chown=x \\\n  --from=quay.io/b/c:1 \\\n  /x /y\n",
	      "1 FROM a\n3 COPY --from quay.io/b/c:1\n");
	reads("FROM a\nCOPY x --from=b y\nCOPY -- --from=b y\nADD --from=c / /\n",
	      "1 FROM a\n");
	reads("ARG B=b\nFROM a\nCOPY --from=$B / /\nCOPY --from=${B}:1 / /\n",
	      "2 FROM a\n"
	      "3 COPY --from ? $B: no variables are put in here; name a stage that is "
	      "FROM it\n"
	      "4 COPY --from ? ${B}:1: no variables are put in here; name a stage that "
	      "is FROM it\n");
}

static void mounts(void **state)
{
	reads("FROM a\nRUN --mount=type=bind,from=b:1,source=/b:1,target=/x true\n",
	      "1 FROM a\n2 RUN --mount b:1\n");
	reads("FROM a\nRUN --mount=type=cache,target=/c \\\n    "
	      "--mount=type=bind,source=c,FROM=c,target=/d \\\n    --network=none true\n",
	      "1 FROM a\n3 RUN --mount c\n");
	reads("FROM a\nRUN echo --mount=from=b\nRUN --mount=target=/x,fromage=b true\n",
	      "1 FROM a\n");
	reads("FROM a AS s\nRUN --mount=from=s,target=/x true\nRUN --mount=from=0 true\n",
	      "1 FROM a\n3 RUN --mount ? 0: stages have numbers in COPY --from alone\n");
	reads("FROM a\nRUN --mount=from=b,target=/x --mount=from=c,target=/y true\n",
	      "1 FROM a\n2 RUN --mount b\n2 RUN --mount c\n");
	reads("FROM a\nRUN --mount=from=b,target=/x,from=c true\n",
	      "1 FROM a\n2 RUN --mount c\n");
}

static void onbuild(void **state)
{
	reads("FROM a\nONBUILD COPY --from=b:1 / /\nonbuild run --mount=from=x/c true\n"
	      "ONBUILD COPY --from=0 / /\nONBUILD COPY --from=stage / /\n"
	      "ONBUILD RUN true\nONBUILD\n",
	      "1 FROM a\n2 ONBUILD COPY --from b:1\n3 ONBUILD RUN --mount x/c\n"
	      "5 ONBUILD COPY --from ? stage: a stage of the build that this is for, or "
	      "an image\n");
}

/* What can be changed in place says where it is; discover_try_places looks there. */
static void literal_places(void **state)
{
	static const struct {
		const char *text;
		size_t off, len;
	} rows[] = {
		{ "FROM alpine:3\n", 5, 8 },
		{ "FROM \"alpine:3\"\n", 6, 8 },
		{ "ARG V=3\nFROM alpine:$V\n", 13, 0 },
		{ "FROM al\\\npine:3\n", 5, 0 },
		{ "FROM \\\n alpine:3\n", 8, 8 },
		{ "COPY --from=alpine:3 alpine:3 /\n", 12, 8 },
		{ "RUN --mount=source=alpine:3,from=alpine:3 x\n", 33, 8 },
		{ "RUN --mount=from=b,target=/from=b,x=from=b:2,from=b x\n", 50, 1 },
		{ "# syntax = alpine:3\n", 11, 8 },
	};
	const struct dockerfile d = { .any_platform = true };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct discover_try t;

		discover_try_begin(&t, FIND_DOCKERFILE, rows[i].text);
		dockerfile_read(&t.r, &d);
		discover_try_places(&t);
		assert_int_equal(t.finds.n, 1);
		assert_int_equal(t.finds.v[0]->off, rows[i].off);
		assert_int_equal(t.finds.v[0]->len, rows[i].len);
		finds_done(&t.finds);
	}
}

/* A text that asks for much gets little: time and memory stay in bounds. */
static void much(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(4u << 20);
	const struct dockerfile d = { .any_platform = true };
	struct discover_try t;
	size_t i;

	for (i = 0; i < 5000; i++)
		buf_adds(&b, "RUN <<E\nARG A$A\n");
	buf_adds(&b, "FROM ");
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "${a:-");
	buf_adds(&b, "\nARG B=");
	for (i = 0; i < 300; i++)
		buf_adds(&b, "ab");
	for (i = 0; i < 5000; i++)
		buf_adds(&b, "\nFROM x:${B%%*a*b*a*b*a*b*c}");
	discover_try_begin(&t, FIND_DOCKERFILE, buf_str(&b));
	dockerfile_read(&t.r, &d);
	assert_int_equal(t.r.rc, 0);
	finds_done(&t.finds);
}

static void many_places(void **state)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(4u << 20);
	const struct dockerfile d = { .any_platform = true };
	struct discover_try t;
	size_t i;

	for (i = 0; i < FIND_MAX; i++)
		buf_adds(&b, "FROM a\n");
	discover_try_begin(&t, FIND_DOCKERFILE, buf_str(&b));
	dockerfile_read(&t.r, &d);
	assert_int_equal(t.r.rc, 0);
	assert_int_equal(t.finds.n, FIND_MAX);
	finds_done(&t.finds);
	buf_adds(&b, "FROM a\n");
	discover_try_begin(&t, FIND_DOCKERFILE, buf_str(&b));
	dockerfile_read(&t.r, &d);
	assert_err(t.r.rc, t.e, ERR_LIMIT);
	finds_done(&t.finds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(not_an_image),
		cmocka_unit_test(directives),
		cmocka_unit_test(lines_that_go_on),
		cmocka_unit_test(here_documents),
		cmocka_unit_test(arguments),
		cmocka_unit_test(forms_of_variables),
		cmocka_unit_test(quotes),
		cmocka_unit_test(platforms),
		cmocka_unit_test(stages),
		cmocka_unit_test(copies),
		cmocka_unit_test(mounts),
		cmocka_unit_test(onbuild),
		cmocka_unit_test(literal_places),
		cmocka_unit_test(much),
		cmocka_unit_test(many_places),
	};

	return cmocka_run_group_tests_name("discover/dockerfile", tests, NULL, NULL);
}
