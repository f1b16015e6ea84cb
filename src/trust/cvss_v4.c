/*
 * cvss_v4.c - the MacroVector that a vector is in, and how far it is from its worst one.
 *
 * CVSS is owned by FIRST.Org, Inc. and used by permission. The scores of the
 * MacroVectors, their highest vectors and their depths are FIRST's
 * (github.com/FIRSTdotorg/ cvss-v4-calculator). Everything is counted in whole numbers,
 * so that nothing hangs on how a half is kept.
 */
#include "trust/cvss_v4.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "trust/cvss_vector.h"

/* The index of a value is how far it is from the worst one ("severity level"); X, last
 * where there is one, is as if nothing was said. */
static const struct cvss_metric metrics[] = {
	{ .name = "AV", .values = "NALP" },   { .name = "PR", .values = "NLH" },
	{ .name = "UI", .values = "NPA" },    { .name = "AC", .values = "LH" },
	{ .name = "AT", .values = "NP" },     { .name = "VC", .values = "HLN" },
	{ .name = "VI", .values = "HLN" },    { .name = "VA", .values = "HLN" },
	{ .name = "SC", .values = "HLN" },    { .name = "SI", .values = "HLN" },
	{ .name = "SA", .values = "HLN" },    { .name = "E", .values = "APUX" },
	{ .name = "CR", .values = "HMLX" },   { .name = "IR", .values = "HMLX" },
	{ .name = "AR", .values = "HMLX" },   { .name = "MAV", .values = "NALPX" },
	{ .name = "MPR", .values = "NLHX" },  { .name = "MUI", .values = "NPAX" },
	{ .name = "MAC", .values = "LHX" },   { .name = "MAT", .values = "NPX" },
	{ .name = "MVC", .values = "HLNX" },  { .name = "MVI", .values = "HLNX" },
	{ .name = "MVA", .values = "HLNX" },  { .name = "MSC", .values = "HLNX" },
	{ .name = "MSI", .values = "HLNXS" }, { .name = "MSA", .values = "HLNXS" },
};
enum {
	AV,
	PR,
	UI,
	AC,
	AT,
	VC,
	VI,
	VA,
	SC,
	SI,
	SA,
	BASE,
	E = BASE,
	CR,
	IR,
	AR,
	LEVELS,
	MODIFIED = LEVELS
};

/* Of SC, SI and SA "safety" is worst, and then comes H. */
#define SAFETY 0

/* Sets of equivalent metrics. EQ3 and EQ6 depend on each other and are one here. */
enum { EQ1, EQ2, EQ36, EQ4, EQ5, SETS };

/* [EQ1][EQ2][EQ3 and EQ6: 00, 01, 10, 11, 21][EQ4][EQ5], times ten. */
static const uint8_t scores[3][2][5][3][3] = {
	{
		{
			{ { 100, 98, 95 }, { 100, 93, 91 }, { 93, 89, 81 } },
			{ { 99, 95, 92 }, { 96, 87, 81 }, { 90, 80, 68 } },
			{ { 98, 95, 90 }, { 93, 89, 81 }, { 88, 78, 69 } },
			{ { 95, 92, 84 }, { 92, 81, 65 }, { 80, 70, 48 } },
			{ { 92, 82, 72 }, { 79, 69, 50 }, { 69, 55, 27 } },
		},
		{
			{ { 99, 95, 92 }, { 95, 90, 84 }, { 92, 82, 72 } },
			{ { 97, 92, 85 }, { 91, 83, 71 }, { 81, 71, 53 } },
			{ { 95, 92, 85 }, { 92, 80, 70 }, { 84, 71, 50 } },
			{ { 93, 85, 73 }, { 82, 72, 59 }, { 70, 52, 30 } },
			{ { 86, 75, 52 }, { 71, 52, 29 }, { 63, 29, 17 } },
		},
	},
	{
		{
			{ { 98, 94, 91 }, { 94, 86, 77 }, { 87, 74, 63 } },
			{ { 95, 87, 81 }, { 89, 74, 64 }, { 75, 63, 49 } },
			{ { 94, 88, 76 }, { 86, 74, 59 }, { 72, 57, 52 } },
			{ { 89, 77, 67 }, { 76, 58, 50 }, { 57, 52, 25 } },
			{ { 83, 70, 54 }, { 65, 58, 26 }, { 53, 21, 13 } },
		},
		{
			{ { 95, 88, 76 }, { 90, 75, 61 }, { 77, 68, 52 } },
			{ { 90, 76, 70 }, { 77, 62, 53 }, { 66, 59, 30 } },
			{ { 89, 76, 62 }, { 74, 57, 47 }, { 61, 57, 24 } },
			{ { 78, 67, 58 }, { 59, 57, 23 }, { 52, 29, 16 } },
			{ { 71, 59, 30 }, { 58, 26, 15 }, { 23, 13, 6 } },
		},
	},
	{
		{
			{ { 93, 86, 75 }, { 86, 74, 56 }, { 70, 52, 40 } },
			{ { 87, 72, 58 }, { 74, 61, 34 }, { 54, 40, 22 } },
			{ { 85, 74, 62 }, { 72, 55, 46 }, { 53, 34, 19 } },
			{ { 75, 55, 51 }, { 57, 41, 19 }, { 36, 19, 8 } },
			{ { 64, 51, 20 }, { 47, 21, 11 }, { 24, 9, 4 } },
		},
		{
			{ { 88, 73, 60 }, { 73, 59, 41 }, { 54, 45, 20 } },
			{ { 75, 53, 50 }, { 55, 40, 20 }, { 43, 22, 11 } },
			{ { 75, 58, 40 }, { 61, 48, 20 }, { 46, 17, 8 } },
			{ { 55, 45, 21 }, { 51, 18, 9 }, { 18, 7, 2 } },
			{ { 53, 24, 14 }, { 24, 12, 5 }, { 10, 3, 1 } },
		},
	},
};

/* The highest vectors of a level of a set (tables 24 to 28), as levels of its metrics;
 * more than one where none of them is worse than the others. */
struct highest {
	uint8_t set, level;
	uint8_t at[6];
};

static const struct {
	uint8_t metric[6], n;
} members[] = {
	[EQ1] = { { AV, PR, UI }, 3 },
	[EQ2] = { { AC, AT }, 2 },
	[EQ36] = { { VC, VI, VA, CR, IR, AR }, 6 },
	[EQ4] = { { SC, SI, SA }, 3 },
};

static const struct highest highest[] = {
	{ EQ1, 0, { 0, 0, 0 } },
	{ EQ1, 1, { 1, 0, 0 } },
	{ EQ1, 1, { 0, 1, 0 } },
	{ EQ1, 1, { 0, 0, 1 } },
	{ EQ1, 2, { 3, 0, 0 } },
	{ EQ1, 2, { 1, 1, 1 } },
	{ EQ2, 0, { 0, 0 } },
	{ EQ2, 1, { 1, 0 } },
	{ EQ2, 1, { 0, 1 } },
	{ EQ36, 0, { 0, 0, 0, 0, 0, 0 } },
	{ EQ36, 1, { 0, 0, 1, 1, 1, 0 } },
	{ EQ36, 1, { 0, 0, 0, 1, 1, 1 } },
	{ EQ36, 2, { 1, 0, 0, 0, 0, 0 } },
	{ EQ36, 2, { 0, 1, 0, 0, 0, 0 } },
	{ EQ36, 3, { 1, 0, 1, 0, 1, 0 } },
	{ EQ36, 3, { 1, 0, 0, 0, 1, 1 } },
	{ EQ36, 3, { 0, 1, 0, 1, 0, 1 } },
	{ EQ36, 3, { 0, 1, 1, 1, 0, 0 } },
	{ EQ36, 3, { 1, 1, 0, 0, 0, 1 } },
	{ EQ36, 4, { 1, 1, 1, 0, 0, 0 } },
	{ EQ4, 0, { 1, 0, 0 } },
	{ EQ4, 1, { 1, 1, 1 } },
	{ EQ4, 2, { 2, 2, 2 } },
};

/* How many levels there are from a highest vector to the lowest, and one (table 29). */
static const uint8_t depth[SETS - 1][5] = {
	[EQ1] = { 1, 4, 5 },
	[EQ2] = { 1, 2 },
	[EQ36] = { 7, 6, 8, 8, 10 },
	[EQ4] = { 6, 5, 4 },
};
#define DEPTHS 840 /* a multiple of each of them */

/* --- levels --- */

static bool is_said(const int *value, size_t k)
{
	return value[k] >= 0 && metrics[k].values[value[k]] != 'X';
}

/* What counts of each: the modified metric, else the base's; nothing said is the worst.
 */
static void set_levels(const int *value, int level[LEVELS])
{
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		size_t k = i < BASE && is_said(value, MODIFIED + i) ? MODIFIED + i : i;

		level[i] = is_said(value, k) ? value[k] : 0;
		if (i == SC || i == SI || i == SA)
			level[i] = metrics[k].values[value[k]] == 'S' ? SAFETY
								      : value[k] + 1;
	}
}

/* Table 24 and those that follow. */
static void set_macro(const int *l, unsigned macro[SETS])
{
	static const unsigned pair[3][2] = { { 0, 1 }, { 2, 3 }, { 4, 4 } };
	int worst = (l[AV] == 0) + (l[PR] == 0) + (l[UI] == 0);
	bool asked = (l[CR] == 0 && l[VC] == 0) || (l[IR] == 0 && l[VI] == 0) ||
		     (l[AR] == 0 && l[VA] == 0);
	unsigned eq3 = l[VC] == 0 && l[VI] == 0			? 0
		       : l[VC] == 0 || l[VI] == 0 || l[VA] == 0 ? 1
								: 2;

	macro[EQ1] = worst == 3 ? 0 : worst > 0 && l[AV] != 3 ? 1 : 2;
	macro[EQ2] = l[AC] == 0 && l[AT] == 0 ? 0 : 1;
	macro[EQ36] = pair[eq3][asked ? 0 : 1];
	macro[EQ4] = l[SI] == SAFETY || l[SA] == SAFETY	      ? 0
		     : l[SC] == 1 || l[SI] == 1 || l[SA] == 1 ? 1
							      : 2;
	macro[EQ5] = (unsigned)l[E];
}

/* --- distances --- */

static int score_of(const unsigned m[SETS])
{
	return scores[m[EQ1]][m[EQ2]][m[EQ36]][m[EQ4]][m[EQ5]];
}

/* The score of the next lower level of one set. -1: it is the lowest. */
static int score_below(const unsigned macro[SETS], size_t set)
{
	static const unsigned lowest[] = { 2, 1, 4, 2, 2 };
	unsigned m[SETS];
	int one, other;

	if (macro[set] == lowest[set])
		return -1;
	memcpy(m, macro, sizeof(m));
	m[set]++;
	one = score_of(m);
	if (set != EQ36 || macro[EQ36] == 2 || macro[EQ36] == 3)
		return one;
	/* 00 to 01 or to 10, the higher; 01 to 11 */
	m[set]++;
	other = score_of(m);
	return macro[EQ36] == 1 || other > one ? other : one;
}

static int distance(const int *level, unsigned macro, size_t set)
{
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(highest); i++) {
		const struct highest *h = &highest[i];
		int sum = 0;

		if (h->set != set || h->level != macro)
			continue;
		for (k = 0; k < members[set].n; k++) {
			int d = level[members[set].metric[k]] - h->at[k];

			if (d < 0)
				break;
			sum += d;
		}
		if (k == members[set].n)
			return sum;
	}
	return 0; /* not met: each level has one that is no better */
}

int cvss_v4_score(const char *text)
{
	int value[ARRAY_LEN(metrics)], level[LEVELS], score, below, sum = 0, sets = 0;
	unsigned macro[SETS];
	size_t i;

	if (cvss_vector_read(metrics, ARRAY_LEN(metrics), BASE, text, value) != 0)
		return -1;
	set_levels(value, level);
	if (level[VC] + level[VI] + level[VA] == 6 &&
	    level[SC] + level[SI] + level[SA] == 9)
		return 0; /* no impact */
	set_macro(level, macro);
	score = score_of(macro);
	for (i = 0; i < SETS; i++) {
		below = score_below(macro, i);
		sets += below >= 0;
		if (below >= 0 && i != EQ5) /* a level of EQ5 has one vector */
			sum += (score - below) * distance(level, macro[i], i) *
			       (DEPTHS / depth[i][macro[i]]);
	}
	if (sets == 0)
		return score;
	/* less the mean, a half is rounded upwards */
	score = (2 * (score * DEPTHS * sets - sum) + DEPTHS * sets) / (2 * DEPTHS * sets);
	return score > 0 ? score : 0;
}
