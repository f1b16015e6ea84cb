/*
 * test_trust_version.c - versions in their order, by the published rules: each row is a
 * chain whose neighbours and all that follow are later, or the same where "=" stands.
 */
#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "trust/version.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Words separated by spaces; "=" before one that is the same as the one before. */
static void chain(enum version_scheme scheme, const char *text)
{
	char copy[1024], *words[64], *save = NULL, *w;
	int rank[64], n = 0, at = 0, i, j;
	bool same = false;

	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	for (w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "=") == 0) {
			same = true;
			continue;
		}
		rank[n] = at += same ? 0 : 1;
		words[n++] = strcmp(w, "''") == 0 ? w + 2 : w;
		same = false;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if (sign(version_compare(scheme, words[i], words[j])) !=
			    sign(rank[i] - rank[j]))
				fail_msg("%s and %s", words[i], words[j]);
}

static void all_valid(enum version_scheme scheme, bool valid, const char *const *list)
{
	for (; *list != NULL; list++)
		if (version_valid(scheme, *list) != valid)
			fail_msg("'%s' is %svalid", *list, valid ? "" : "not in");
}

static void deb(void **state)
{
	static const char *const good[] = { "0",       "1.0-1",	 "2:1.0", "1:1:2-3", "1~",
					    "1.0-1-2", "1.0+b1", "0:0-0", NULL };
	static const char *const bad[] = { "",	     "a",   "1.0-",	     ":1",
					   "1:",     "a:1", "1_0",	     "1:a",
					   "1.0-1_", "1 0", "99999999999:1", "1:2-3:4",
					   NULL };

	chain(VERSION_DEB, "~~ ~~a ~ '' a");
	chain(VERSION_DEB,
	      "1.0~~ 1.0~~a 1.0~ 1.0 = 0:1.0 = 1.0-0 = 00:1.00 1.0-1 = 1.0-01 "
	      "1.0-1+b1 1.0a 1.0+ 1.0--0 1.0. = 1.0.0 1:0.1 10:0");
	chain(VERSION_DEB, "2.36-9+deb12u9 2.36-9+deb12u10 2.36-10");
	chain(VERSION_DEB,
	      "1.2.3~rc1-1 1.2.3-1~bpo12+1 1.2.3-1 1.2.3-1.1 1.2.3+dfsg-1 1.10");
	chain(VERSION_DEB, "1-99999999999999999999998 1-99999999999999999999999");
	all_valid(VERSION_DEB, true, good);
	all_valid(VERSION_DEB, false, bad);
}

static void apk(void **state)
{
	static const char *const good[] = { "0",	  "1.2.3",
					    "1a",	  "1.2b_rc3",
					    "1_alpha_p2", "1.0_git20240101-r0",
					    "1.0~abc-r1", "20240101-r0",
					    "1.0_p~0a",	  NULL };
	static const char *const bad[] = { "",		"a",	   "1.",  "1..2",
					   "1ab",	"1a.2",	   "1a2", "1_",
					   "1_foo",	"1_p-1",   "1-r", "1-r1-r2",
					   "1.0-r1_p1", "1~",	   "1~g", "1.0-rc1",
					   "1_p.1",	"1-r1~ab", "1A",  NULL };

	chain(VERSION_APK,
	      "1.0_alpha 1.0_alpha1 1.0_alpha1-r1 1.0_alpha2 1.0_beta 1.0_pre1 "
	      "1.0_rc 1.0_rc1 1.0 1.0-r0 1.0-r1 1.0-r10 1.0~ab 1.0~ab-r1 1.0_cvs "
	      "1.0_svn 1.0_git 1.0_git1 1.0_hg 1.0_p 1.0_p1 1.0_p1-r3 1.0_p10 "
	      "1.0a 1.0b 1.0.0 1.0.1 1.1 1.2 1.10 2");
	/* A part with a zero in front is a fraction, but for the first. */
	chain(VERSION_APK, "1.0 1.01 1.012 1.02 1.1 1.9 1.10");
	chain(VERSION_APK, "1 = 01 = 001 2");
	chain(VERSION_APK, "1_alpha_alpha 1_alpha 1_alpha_p 1_beta");
	chain(VERSION_APK, "3.1.4-r5 3.1.4-r6 3.1.5-r0 3.1.10-r0");
	chain(VERSION_APK, "1.99999999999999999999998 1.99999999999999999999999");
	all_valid(VERSION_APK, true, good);
	all_valid(VERSION_APK, false, bad);
}

static void rpm(void **state)
{
	static const char *const good[] = { "1",   "1.0-1",   "0:1.0-1.fc40",
					    "5:1", "1^2~3-4", "1.0_b+c",
					    NULL };
	static const char *const bad[] = { "",	 "-1", "1-",  "1-2-3",	      "a:1",
					   ":1", "1:", "1 2", "4294967296:1", "1:2:3",
					   NULL };

	chain(VERSION_RPM,
	      "1.0~~ 1.0~ 1.0~rc1 = 1.0~rc.1 1.0~rc1^git1 1.0~rc2 1.0 = 1_0 = 1.00 = "
	      "1+.+0 1.0^ 1.0^20240101 1.0^20240102 1.0.a 1.0.1 = 1.0.01 1.0.10");
	chain(VERSION_RPM, "1.xyz 1.xyz10 1.0");
	chain(VERSION_RPM, "1c.f 1.f");
	chain(VERSION_RPM, "5.5p1 5.5p2 5.5p10 = 5.5.p.10");
	chain(VERSION_RPM, "2.0.1 2.0.1a");
	chain(VERSION_RPM, "0 = 00 0.0");
	chain(VERSION_RPM,
	      "9.9 = 0:9.9 = 00:9.9 9.9-1 9.9-1.el9 9.9-1.el9_1 9.9-2 1:0.1 10:0");
	chain(VERSION_RPM, "A a");
	all_valid(VERSION_RPM, true, good);
	all_valid(VERSION_RPM, false, bad);
}

static void pep440(void **state)
{
	static const char *const good[] = {
		"1",	    "v1.0",	" 1.0\n",	 "1!2.0",
		"1.0a",	    "1.0-RC.1", "1.0.post",	 "1.0-1",
		"1.0_rev2", "1.0.dev",	"1.0+abc.5_x-1", "1.0pre1.post2.dev3+l",
		"1.0.a.1",  "1.0-a--1", "1a.+x",	 NULL
	};
	static const char *const bad[] = { "",	     "a",	"1.",
					   "1..0",   "1.0+",	"1.0+a..b",
					   "1.0+a.", "1.0-",	"1.0x",
					   "1!",     "!1",	"1.0a1b1",
					   "1.0 1",  "1.0+a+b", "1.0.dev1.post1",
					   "2004d",  NULL };

	chain(VERSION_PEP440,
	      "1.dev0 = 1.0.dev 1.0.dev456 1.0a1 = 1.0.alpha-1 1.0a2.dev456 "
	      "1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 "
	      "1.0b2.post345 1.0rc1.dev456 1.0rc1 = 1.0c1 = 1.0.preview1 = "
	      "1.0-pre_1 1.0 = 1.0.0 = 01.00 = v1 1.0+abc.5 1.0+abc.7 1.0+abc.7.1 "
	      "1.0+5 = 1.0+05 1.0+5.a 1.0+5.1 1.0.post456.dev34 1.0.post456 = "
	      "1.0-456 = 1.0.r456 = 1.0rev456 1.0.15 1.1.dev1 1!0.1");
	chain(VERSION_PEP440,
	      "1.0a = 1.0a0 = 1.0A.0 1.0a1 1.0 1.0.post = 1.0.post0 1.0-1");
	chain(VERSION_PEP440,
	      "1.0+ubuntu = 1.0+UBUNTU = 1.0+Ubuntu 1.0+ubuntu-1 = 1.0+ubuntu.1");
	/* What is none: before all, by bytes. */
	chain(VERSION_PEP440, "'' 1.0x abc 0.dev0 0");
	chain(VERSION_PEP440, "99999999999999999999998 99999999999999999999999");
	all_valid(VERSION_PEP440, true, good);
	all_valid(VERSION_PEP440, false, bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deb),
		cmocka_unit_test(apk),
		cmocka_unit_test(rpm),
		cmocka_unit_test(pep440),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
