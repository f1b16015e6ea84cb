/* Base scores as the specifications' examples and NVD have them. */
#include "unit.h"

#include "base/mem.h"
#include "trust/cvss.h"

static void examples(void **state)
{
	static const struct {
		const char *vector;
		int score;
	} known[] = {
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
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (cvss_score(known[i].vector) != known[i].score)
			fail_msg("%s: %d, not %d", known[i].vector,
				 cvss_score(known[i].vector), known[i].score);
}

static void what_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"9.8",
		"CVSS:3.1/",
		"CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
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
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
