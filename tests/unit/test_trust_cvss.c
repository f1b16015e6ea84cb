/* Base scores as the specifications' examples and NVD have them. */
#include "unit.h"

#include "base/mem.h"
#include "trust/cvss.h"

struct known {
	const char *vector;
	int score;
};

static void assert_scores(const struct known *known, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (cvss_score(known[i].vector) != known[i].score)
			fail_msg("%s: %d, not %d", known[i].vector,
				 cvss_score(known[i].vector), known[i].score);
}

static void examples(void **state)
{
	static const struct known known[] = {
		/* first.org/cvss/v3.1/examples */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61 }, /* 2013-1937 */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64 }, /* 2013-0375 */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31 }, /* 2014-3566 */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99 }, /* 2012-1516 */
		{ "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42 }, /* 2009-0783 */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 88 }, /* 2012-0384 */
		{ "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 78 }, /* 2015-1098 */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75 }, /* 2014-0160 */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98 }, /* 2014-6271 */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 68 }, /* 2008-1447 */
		{ "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 68 }, /* 2014-2005 */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 58 }, /* 2010-0467 */
		{ "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 93 }, /* 2013-6014 */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 74 }, /* 2014-0224 */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100 },
		{ "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:L/A:N", 58 },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0 },
		/* other groups, another order */
		{ "CVSS:3.1/E:P/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/MAV:L", 98 },
		/* first.org/cvss/v2/guide, section 3.3 */
		{ "AV:N/AC:L/Au:N/C:N/I:N/A:C", 78 },	/* 2002-0392 */
		{ "AV:N/AC:L/Au:N/C:C/I:C/A:C", 100 },	/* 2003-0818 */
		{ "(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 62 }, /* 2003-0062 */
		{ "AV:N/AC:L/Au:N/C:N/I:N/A:N", 0 },
	};

	assert_scores(known, ARRAY_LEN(known));
}

#define V4(v) "CVSS:4.0/" v

static void version_4(void **state)
{
	static const struct known known[] = {
		/* first.org/cvss/v4-0/examples */
		{ V4("AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), 73 },
		{ V4("AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), 77 },
		{ V4("AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U"), 52 },
		{ V4("AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N"), 83 },
		{ V4("AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/CR:H/IR:L/"
		     "AR:L/MAV:N/MAC:H/MVC:H/MVI:L/MVA:L"),
		  81 },
		{ V4("AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"), 46 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N"), 51 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:A"), 87 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A"), 100 },
		{ V4("AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:P"), 82 },
		{ V4("AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:P/MAC:L/"
		     "MAT:N/MVC:N/MVI:N/MVA:L"),
		  55 },
		{ V4("AV:A/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:H/SI:N/SA:H"), 64 },
		{ V4("AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), 70 },
		{ V4("AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N"), 59 },
		{ V4("AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"), 94 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:L/E:U/MVA:H/"
		     "MSA:N"),
		  66 },
		/* the ends of the scale, and safety, which only the environment has */
		{ V4("AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L"), 10 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/E:A"), 0 },
		{ V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MSI:S"),
		  100 },
		/* not defined, supplemental, unknown; another order */
		{ V4("AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:X/CR:X/"
		     "MAV:X/MSI:X/S:P/AU:Y/R:U/V:C/RE:H/U:Amber/QQ:1"),
		  71 },
		{ V4("SA:N/SI:N/SC:N/VA:N/VI:N/VC:H/UI:N/PR:L/AT:N/AC:L/AV:N"), 71 },
	};

	assert_scores(known, ARRAY_LEN(known));
}

static void what_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"9.8",
		"CVSS:3.1/",
		"CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:S/SA:H"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:X/VI:H/VA:H/SC:H/SI:H/SA:H"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:H"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/MVC:S"),
		V4("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/SA:H"),
		V4(""),
		"CVSS:4.1/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
		"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1/AV:NN/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1/AV:/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1//AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"AV:N/AC:L/Au:N/C:P/I:P",
		"(",
		"()",
		("AV:N/AC:L/Au:N/C:P/I:P/A:P/E:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (cvss_score(bad[i]) != -1)
			fail_msg("%s: %d", bad[i], cvss_score(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(version_4),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
